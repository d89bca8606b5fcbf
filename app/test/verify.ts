// A second implementation of crates/aisudo-seal/src/statement/verify.rs, on other curves' code: both
// must agree on each proof of the vectors. The app itself verifies none.

import { createHash } from "node:crypto";

import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";

import { base64url, type Bytes, concat, fromBase64url, fromUtf8, same } from "../src/seal/bytes.ts";
import { challenge, type DeviceKey, type Proof } from "../src/seal/index.ts";
import { bytes } from "./vectors.ts";

/** Why a proof is refused, in the words of `aisudo_seal::statement::Why`; `null` when it is believed. */
export function whyRefused(message: Bytes, proof: Proof, key: DeviceKey): string | null {
  const publicKey = bytes(key.public);
  if (proof.kind === "ed25519") {
    if (key.kind !== "ed25519") return "OtherKind";
    return plain(message, read(proof.signature), publicKey);
  }
  if (key.kind !== "passkey") return "OtherKind";
  const [data, json] = [read(proof.authenticator_data), read(proof.client_data_json)];
  const wrong = clientData(json, message, key.origins) ?? authenticatorData(data, key.rp_id);
  if (wrong !== null) return wrong;
  const signed = concat(data, sha256(json));
  const verify = key.algorithm === "es256" ? es256 : plain;
  return verify(signed, read(proof.signature), publicKey);
}

function clientData(json: Bytes, message: Bytes, origins: readonly string[]): string | null {
  let data: Record<string, unknown>;
  try {
    data = JSON.parse(fromUtf8(json) ?? "") as Record<string, unknown>;
  } catch {
    return "ClientData";
  }
  if (data["type"] !== "webauthn.get") return "ClientDataType";
  if (data["challenge"] !== base64url(challenge(message))) return "Challenge";
  if (!origins.some((origin) => origin === data["origin"])) return "Origin";
  if (data["topOrigin"] !== undefined || (data["crossOrigin"] ?? false) !== false) return "CrossOrigin";
  return null;
}

function authenticatorData(data: Bytes, rpId: string): string | null {
  const flags = data[32];
  if (data.length < 37 || flags === undefined) return "AuthenticatorData";
  if (!same(data.slice(0, 32), sha256(new TextEncoder().encode(rpId)))) return "RelyingParty";
  if ((flags & 1) === 0) return "UserPresence";
  return (flags & 4) === 0 ? "UserVerification" : null;
}

function plain(message: Bytes, signature: Bytes, publicKey: Bytes): string | null {
  try {
    if (ed25519.Point.fromBytes(publicKey).isSmallOrder()) return "Key";
  } catch {
    return "Key";
  }
  if (signature.length !== 64) return "SignatureForm";
  // RFC 8032 and not ZIP 215: points and numbers have one form.
  return ed25519.verify(signature, message, publicKey, { zip215: false }) ? null : "Signature";
}

function es256(message: Bytes, signature: Bytes, publicKey: Bytes): string | null {
  try {
    p256.Point.fromBytes(publicKey);
  } catch {
    return "Key";
  }
  try {
    p256.Signature.fromBytes(signature, "der");
  } catch {
    return "SignatureForm";
  }
  const options = { format: "der", lowS: false } as const;
  return p256.verify(signature, message, publicKey, options) ? null : "Signature";
}

function sha256(data: Uint8Array): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

function read(text: string): Bytes {
  const found = fromBase64url(text);
  if (found === undefined) throw new Error(`not base64url: ${text}`);
  return found;
}
