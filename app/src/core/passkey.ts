// Passkeys (WebAuthn, level 2): Face ID, a fingerprint or a security key stands behind each answer.

import { concat, fromHex, same } from "../seal/bytes.ts";
import { base64url, type Bytes, challenge, hex, type Proof, type Random } from "../seal/index.ts";
import type { PasskeyKey, StoredPasskey } from "./rows.ts";
import { type Passkeys, Trouble } from "./world.ts";

const EDDSA = -8;
const ES256 = -7;
const USER_ID_BYTES = 32;
const CHALLENGE_BYTES = 32;
const TIMEOUT_MS = 120_000;

/** Who asks for passkeys, and in which place. */
export interface Place {
  readonly credentials: Pick<CredentialsContainer, "create" | "get">;
  /** The page's host name. */
  readonly rpId: string;
  readonly origin: string;
}

export function passkeysAt(place: Place): Passkeys {
  return {
    make: (name, draw) => make(place, name, draw),
    signer: (stored) => ({
      key: stored.key,
      publicKey: fromHex(stored.key.public) ?? new Uint8Array(0),
      sign: (message) => sign(place, stored, message),
    }),
  };
}

async function make(place: Place, name: string, draw: Random): Promise<StoredPasskey> {
  const { credentials, rpId, origin } = place;
  const made = await asked(
    credentials.create({
      publicKey: {
        rp: { id: rpId, name: "aisudo" },
        user: { id: draw(USER_ID_BYTES), name, displayName: name },
        // Attestation is not asked for: this challenge protects nothing. Pairing has the key sign.
        challenge: draw(CHALLENGE_BYTES),
        pubKeyCredParams: [EDDSA, ES256].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
        attestation: "none",
        timeout: TIMEOUT_MS,
      },
    }),
  );
  const found = publicKeyOf(made.response as AuthenticatorAttestationResponse);
  if (found === undefined) {
    throw new Trouble("This passkey cannot be used: choose another, or the app's own key.");
  }
  const key: PasskeyKey = { kind: "passkey", ...found, rp_id: rpId, origins: [origin] };
  return { kind: "passkey", credential: new Uint8Array(made.rawId), key };
}

async function sign({ credentials }: Place, stored: StoredPasskey, message: Bytes): Promise<Proof> {
  const { key, credential } = stored;
  const used = await asked(
    credentials.get({
      publicKey: {
        challenge: challenge(message),
        rpId: key.rp_id,
        allowCredentials: [{ type: "public-key", id: credential }],
        userVerification: "required",
        timeout: TIMEOUT_MS,
      },
    }),
  );
  const response = used.response as AuthenticatorAssertionResponse;
  const written = (buffer: ArrayBuffer) => base64url(new Uint8Array(buffer));
  return {
    kind: "passkey",
    authenticator_data: written(response.authenticatorData),
    client_data_json: written(response.clientDataJSON),
    signature: written(response.signature),
  };
}

/** What a browser's errors mean to a person. */
const REASONS: Record<string, string> = {
  NotAllowedError: "The passkey was not used: it was cancelled, or it took too long. Try again.",
  AbortError: "The passkey was not used: it was cancelled. Try again.",
  SecurityError: "Passkeys do not work at this address: open the app by the host's name, with https.",
  NotSupportedError: "This phone has no passkey that can be used: choose the app's own key.",
  ConstraintError: "This phone cannot check that it is you: set up a screen lock, or use the app's own key.",
};

async function asked(asking: Promise<Credential | null>): Promise<PublicKeyCredential> {
  let given: Credential | null;
  try {
    given = await asking;
  } catch (error) {
    const name = error instanceof Error || error instanceof DOMException ? error.name : "";
    throw new Trouble(REASONS[name] ?? "The passkey did not work. Try again.");
  }
  if (given === null) throw new Trouble("The passkey was not used. Try again.");
  return given as PublicKeyCredential;
}

/**
 * What comes before the public key, in DER (RFC 5280, 8410) and in CBOR (RFC 9053, in the one form that
 * CTAP 2 allows). A P-256 point in CBOR is in two parts.
 */
const FORMS = {
  spkiEdDsa: bytes("302a300506032b6570032100"),
  spkiEs256: bytes("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
  coseEdDsa: bytes("a4010103272006215820"),
  coseEs256X: bytes("a5010203262001215820"),
  coseEs256Y: bytes("225820"),
};

function publicKeyOf(
  response: AuthenticatorAttestationResponse,
): Pick<PasskeyKey, "algorithm" | "public"> | undefined {
  // Not every browser writes every kind of key in DER.
  const spki = response.getPublicKey();
  if (spki !== null) return fromSpki(new Uint8Array(spki));
  return fromCose(coseOf(new Uint8Array(response.getAuthenticatorData())));
}

function fromSpki(spki: Bytes): Pick<PasskeyKey, "algorithm" | "public"> | undefined {
  const plain = after(FORMS.spkiEdDsa, spki);
  if (plain?.length === 32) return { algorithm: "eddsa", public: hex(plain) };
  const point = after(FORMS.spkiEs256, spki);
  return point?.length === 65 && point[0] === 4 ? { algorithm: "es256", public: hex(point) } : undefined;
}

function fromCose(cose: Bytes): Pick<PasskeyKey, "algorithm" | "public"> | undefined {
  const plain = after(FORMS.coseEdDsa, cose)?.slice(0, 32);
  if (plain?.length === 32) return { algorithm: "eddsa", public: hex(plain) };
  const rest = after(FORMS.coseEs256X, cose);
  const [x, y] = [rest?.slice(0, 32), rest && after(FORMS.coseEs256Y, rest.slice(32))?.slice(0, 32)];
  if (x?.length !== 32 || y?.length !== 32) return undefined;
  return { algorithm: "es256", public: hex(concat(Uint8Array.of(4), x, y)) };
}

/** The key in authenticator data (WebAuthn, 6.1): after hash, flags, count, AAGUID, and an id. */
function coseOf(data: Bytes): Bytes {
  const before = 32 + 1 + 4 + 16;
  const length = (data[before] ?? 0) * 256 + (data[before + 1] ?? 0);
  return data.slice(before + 2 + length);
}

function after(form: Bytes, whole: Bytes): Bytes | undefined {
  return same(whole.slice(0, form.length), form) ? whole.slice(form.length) : undefined;
}

function bytes(text: string): Bytes {
  return fromHex(text) ?? new Uint8Array(0);
}
