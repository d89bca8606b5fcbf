// The frozen bytes of a request, as far as an answer to it needs them. What they mean is for `show`.

import { sha256 } from "@noble/hashes/sha2.js";

import { type Bytes, concat, fromUtf8, utf8 } from "../seal/bytes.ts";

const DOMAIN = utf8("aisudo request v1\0");
const MAX_BYTES = 128 * 1024;
const CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 5;
const LONGEST_CODE = 51;

/** What a UUID looks like. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What 32 bytes look like. */
export const HEX32 = /^[0-9a-f]{64}$/;

/** SHA-256 of the domain and the bytes: what an answer is for. */
export function digestOf(request: string): Bytes {
  return new Uint8Array(sha256(concat(DOMAIN, utf8(request))));
}

/** What a request says of itself; nothing when it does not, or is no text that a gate would have frozen. */
export function readNames(request: string): { id: string; nonce: string } | undefined {
  const bytes = utf8(request);
  // Half of a character would be replaced when it is hashed.
  if (bytes.length > MAX_BYTES || fromUtf8(bytes) !== request) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(request);
  } catch {
    return undefined;
  }
  const { id, nonce } = { ...(value as Record<string, unknown>) };
  if (typeof id !== "string" || !UUID.test(id)) return undefined;
  if (typeof nonce !== "string" || !HEX32.test(nonce)) return undefined;
  return { id, nonce };
}

/** Whether this is a code of these bytes: the first letters of the digest, in Crockford's base 32. */
export function isCodeOf(code: string, digest: Uint8Array): boolean {
  if (code.length < CODE_LENGTH || code.length > LONGEST_CODE) return false;
  const bits = Array.from(digest, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return [...code].every((letter, at) => {
    return letter === CODE_ALPHABET[Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2)];
  });
}
