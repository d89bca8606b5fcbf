// The digest that binds an answer to the exact bytes of one request: the twin of aisudo-core's `digest`.

import { sha256 } from "@noble/hashes/sha2.js";

import { concat, fromHex, hex, utf8 } from "../seal/bytes.ts";
import { isWhole, Unreadable } from "./json.ts";

const DOMAIN = utf8("aisudo request v1\0");

/** Of the frozen text, as it was received; 64 hexadecimal digits. Throws `Unreadable`. */
export function requestDigest(frozen: string): string {
  if (!isWhole(frozen)) throw new Unreadable("it is no text");
  return hex(sha256(concat(DOMAIN, utf8(frozen))));
}

/** Crockford's base 32. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The request's name for people: the first `letters` × 5 bits of its digest. A host lengthens it to be
 * unique; whether it says the right one can be seen from the digest.
 */
export function code(digest: string, letters: number): string {
  const bits = Array.from(fromHex(digest) ?? [], (byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{5}/g) ?? [];
  return groups.slice(0, letters).map((group) => ALPHABET.charAt(Number.parseInt(group, 2))).join("");
}
