// X25519 keys (RFC 7748), as crates/aisudo-seal/src/envelope/keys.rs has them.

import { hsalsa } from "@noble/ciphers/salsa.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { type Bytes, hex, Refused, utf8 } from "./bytes.ts";

/** By what a public key is called: the first 8 bytes of its SHA-256. */
export function keyId(publicKey: Uint8Array): Bytes {
  return new Uint8Array(sha256(publicKey)).slice(0, 8);
}

/** The name as it is written. */
export function keyName(publicKey: Uint8Array): string {
  return hex(keyId(publicKey));
}

/** A key that messages are sealed with. Its secret may be out of reach of scripts. */
export interface BoxKey {
  readonly publicKey: Bytes;
  /** X25519 with a public key that `checkPublicKey` has let through. */
  agree(theirs: Bytes): Promise<Bytes>;
}

/** A secret that is here, in memory. */
export function boxKeyFrom(secret: Uint8Array): BoxKey {
  return {
    publicKey: new Uint8Array(x25519.getPublicKey(secret)),
    agree: async (theirs) => new Uint8Array(x25519.getSharedSecret(secret, theirs)),
  };
}

/** A pair of WebCrypto's, whose secret no script can read: made with `extractable: false`, for `deriveBits`. */
export async function boxKeyOf(pair: CryptoKeyPair): Promise<BoxKey> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return {
    publicKey,
    agree: async (theirs) => {
      const peer = await crypto.subtle.importKey("raw", theirs, "X25519", true, []);
      const algorithm = { name: "X25519", public: peer };
      return new Uint8Array(await crypto.subtle.deriveBits(algorithm, pair.privateKey, 256));
    },
  };
}

/** A clamped scalar that is a power of two: a multiple of every small order and of no other. */
const POWER_OF_TWO = new Uint8Array(32);

/** Refuses a point of small order (whatever is agreed on with it is zero), and a second form of a number. */
export function checkPublicKey(bytes: Uint8Array): Bytes {
  if (bytes.length !== 32 || !isReduced(bytes)) throw new Refused("key");
  try {
    x25519.getSharedSecret(POWER_OF_TWO, bytes);
  } catch {
    throw new Refused("key");
  }
  return new Uint8Array(bytes);
}

/** Whether a little-endian number is below 2²⁵⁵ − 19. */
function isReduced(bytes: Uint8Array): boolean {
  const high = bytes[31] ?? 0xff;
  if (high !== 0x7f) return high < 0x7f;
  return (bytes[0] ?? 0xff) < 0xed || bytes.slice(1, 31).some((byte) => byte !== 0xff);
}

/** The key of XSalsa20-Poly1305 that two X25519 keys make: NaCl's `crypto_box_beforenm`. */
export async function boxSecret(ours: BoxKey, theirs: Bytes): Promise<Bytes> {
  const shared = await ours.agree(theirs);
  const secret = new Uint8Array(32);
  const words = (bytes: Bytes) => new Uint32Array(bytes.buffer);
  hsalsa(words(utf8("expand 32-byte k").slice()), words(shared), new Uint32Array(4), words(secret));
  shared.fill(0);
  return secret;
}
