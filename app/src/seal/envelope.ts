// Sealed messages, version 1. The form is told in crates/aisudo-seal/src/envelope/mod.rs.

import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { type Bytes, concat, Reader, Refused, same, u32 } from "./bytes.ts";
import { type BoxKey, boxSecret, checkPublicKey, keyId } from "./keys.ts";

const VERSION = 1;
const NONCE = 24;
const HEADER = 1 + 1 + 8 + 8 + NONCE;
const TAG = 16;
const HASH = 32;
const LENGTH = 4;
const OVERHEAD = HEADER + TAG + HASH + LENGTH;

/** The sizes of whole envelopes, in bytes. */
export const SIZES: readonly number[] = [512, 1024, 2048, 3900, 8192, 32768, 131072, 524288];

/** What a message is, and its byte. */
export const KINDS = { request: 1, decision: 2, receipt: 3, pairing: 4, update: 5 } as const;

export type Kind = keyof typeof KINDS;

/** The smallest size that holds a body of this length; answers and steps of pairing look alike. */
function sizeFor(kind: Kind, body: number): number | undefined {
  const least = kind === "decision" || kind === "pairing" ? 2048 : 512;
  const needed = Math.max(body + OVERHEAD, least);
  return SIZES.find((size) => size >= needed);
}

/** Random bytes. Tests give others. */
export type Random = (count: number) => Bytes;

export const random: Random = (count) => crypto.getRandomValues(new Uint8Array(count));

/** Seals a message. */
export async function seal(
  kind: Kind,
  from: BoxKey,
  to: Uint8Array,
  body: Uint8Array,
  draw: Random = random,
): Promise<Bytes> {
  const size = sizeFor(kind, body.length);
  if (size === undefined) throw new Refused("too-long");
  const theirs = checkPublicKey(to);
  const nonce = draw(NONCE);
  const header = concat(
    Uint8Array.of(VERSION, KINDS[kind]),
    keyId(from.publicKey),
    keyId(theirs),
    nonce,
  );
  const content = new Uint8Array(size - HEADER - TAG);
  content.set(concat(sha256(header), u32(body.length), body));
  const secret = await boxSecret(from, theirs);
  const boxed = xsalsa20poly1305(secret, nonce).encrypt(content);
  secret.fill(0);
  return concat(header, boxed);
}

/** An envelope that is still closed. What its header says is anybody's word. */
export interface Envelope {
  readonly kind: Kind;
  readonly sender: Bytes;
  readonly recipient: Bytes;
  readonly bytes: Bytes;
}

/** Reads the header. */
export function parse(bytes: Uint8Array): Envelope {
  const header = new Reader(bytes.slice(0, HEADER), "length");
  const version = header.number(1);
  const byte = header.number(1);
  const [sender, recipient] = [header.take(8), header.take(8)];
  header.take(NONCE);
  if (version !== VERSION) throw new Refused("version");
  if (!SIZES.includes(bytes.length)) throw new Refused("length");
  const kinds = Object.keys(KINDS) as Kind[];
  const kind = kinds.find((name) => KINDS[name] === byte);
  if (kind === undefined) throw new Refused("kind");
  return { kind, sender, recipient, bytes: new Uint8Array(bytes) };
}

/** A message that is authentic. */
export interface Opened {
  readonly kind: Kind;
  /** Its nonce: by it, a second delivery is known. */
  readonly id: Bytes;
  readonly body: Bytes;
}

/** Opens a message to this device. A decision is never one: those go to a host's reply key. */
export async function open(envelope: Envelope, key: BoxKey, from: Uint8Array): Promise<Opened> {
  const { kind, bytes } = envelope;
  const theirs = checkPublicKey(from);
  const header = bytes.slice(0, HEADER);
  const nonce = header.slice(HEADER - NONCE);
  const secret = await boxSecret(key, theirs);
  let content: Bytes;
  try {
    content = new Uint8Array(xsalsa20poly1305(secret, nonce).decrypt(bytes.slice(HEADER)));
  } catch {
    throw new Refused("closed");
  } finally {
    secret.fill(0);
  }
  // From here on the sender is known to hold one of the two keys: nothing is left to learn from time.
  const length = new DataView(content.buffer).getUint32(HASH);
  const body = content.slice(HASH + LENGTH, HASH + LENGTH + length);
  const padding = content.slice(HASH + LENGTH + length);
  const fits =
    same(envelope.sender, keyId(theirs)) &&
    same(envelope.recipient, keyId(key.publicKey)) &&
    same(content.slice(0, HASH), sha256(header)) &&
    body.length === length &&
    padding.every((byte) => byte === 0) &&
    sizeFor(kind, length) === bytes.length &&
    kind !== "decision";
  if (!fits) throw new Refused("closed");
  return { kind, id: nonce, body };
}
