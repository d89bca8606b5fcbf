// What a device signs. The form is told in crates/aisudo-seal/src/statement/mod.rs.

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";

import {
  base64url,
  type Bytes,
  concat,
  fromUtf8,
  hex,
  Reader,
  Refused,
  same,
  u16,
  u64,
  utf8,
} from "./bytes.ts";
import { keyName } from "./keys.ts";

const DOMAIN = utf8("aisudo decision v1\0");
const CHALLENGE_DOMAIN = utf8("aisudo passkey v1\0");

/** The longest note, in bytes. */
export const MAX_NOTE_BYTES = 500;

const VERDICTS = { approve: 0x59, deny: 0x4e } as const;

export type Verdict = keyof typeof VERDICTS;

export interface Statement {
  readonly digest: Bytes;
  readonly nonce: Bytes;
  readonly verdict: Verdict;
  /** Empty for none. */
  readonly note: string;
  /** In milliseconds since 1970, for people to read. */
  readonly atMs: number;
}

/** The bytes that are signed. */
export function statementBytes(statement: Statement): Bytes {
  const { digest, nonce, verdict, atMs } = statement;
  const note = utf8(statement.note);
  // Half of a character would be replaced when it is written.
  if (note.length > MAX_NOTE_BYTES || fromUtf8(note) !== statement.note) throw new Refused("note");
  if (digest.length !== 32 || nonce.length !== 32) throw new Refused("statement");
  const verdictByte = Uint8Array.of(VERDICTS[verdict]);
  return concat(DOMAIN, digest, nonce, verdictByte, u64(atMs), u16(note.length), note);
}

/** Reads what `statementBytes` writes, and nothing else. */
export function readStatement(bytes: Uint8Array): Statement {
  const reader = new Reader(bytes, "statement");
  if (!same(reader.take(DOMAIN.length), DOMAIN)) throw new Refused("statement");
  const [digest, nonce] = [reader.take(32), reader.take(32)];
  const byte = reader.number(1);
  const verdicts = Object.keys(VERDICTS) as Verdict[];
  const verdict = verdicts.find((name) => VERDICTS[name] === byte);
  const atMs = reader.time();
  const length = reader.number(2);
  if (verdict === undefined || length > MAX_NOTE_BYTES) throw new Refused("statement");
  const note = reader.text(length);
  reader.end();
  return { digest, nonce, verdict, note, atMs };
}

/** What a passkey is asked to sign for these bytes. */
export function challenge(message: Uint8Array): Bytes {
  return new Uint8Array(sha256(concat(CHALLENGE_DOMAIN, message)));
}

/** A device's public key, as root's file lists it. Bytes are hexadecimal. */
export type DeviceKey =
  | { readonly kind: "ed25519"; readonly public: string }
  | {
      readonly kind: "passkey";
      readonly algorithm: "es256" | "eddsa";
      readonly public: string;
      readonly rp_id: string;
      readonly origins: readonly string[];
    };

/** What a device gives with a statement. Bytes are base64url. */
export type Proof =
  | { readonly kind: "ed25519"; readonly signature: string }
  | {
      readonly kind: "passkey";
      readonly authenticator_data: string;
      readonly client_data_json: string;
      readonly signature: string;
    };

/** Whatever signs for this device. */
export interface Signer {
  readonly key: DeviceKey;
  /** The public key's bytes. */
  readonly publicKey: Bytes;
  /** Signs bytes that begin with a domain of their own. */
  sign(message: Bytes): Promise<Proof>;
}

/** An Ed25519 key whose seed is here, in memory. */
export function signerFrom(seed: Uint8Array): Signer {
  const publicKey = new Uint8Array(ed25519.getPublicKey(seed));
  return plainSigner(publicKey, async (message) => ed25519.sign(message, seed));
}

/** An Ed25519 pair of WebCrypto's, whose secret no script can read. */
export async function signerOf(pair: CryptoKeyPair): Promise<Signer> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return plainSigner(
    publicKey,
    async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, message)),
  );
}

function plainSigner(publicKey: Bytes, sign: (message: Bytes) => Promise<Uint8Array>): Signer {
  return {
    key: { kind: "ed25519", public: hex(publicKey) },
    publicKey,
    sign: async (message) => ({ kind: "ed25519", signature: base64url(await sign(message)) }),
  };
}

/** A statement with its proof: the body of a decision, in JSON. */
export async function signedStatement(statement: Statement, signer: Signer): Promise<Bytes> {
  const bytes = statementBytes(statement);
  const proof = await signer.sign(bytes);
  const device = keyName(signer.publicKey);
  return utf8(JSON.stringify({ device, statement: base64url(bytes), proof }));
}
