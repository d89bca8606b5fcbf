// The frozen bytes of a request, as far as an answer to it needs them. What they mean is for `show`.

import { utf8 } from "../seal/bytes.ts";
import { code } from "../show/digest.ts";
import { isWhole, readJson, Unreadable } from "../show/json.ts";

const MAX_BYTES = 128 * 1024;
const CODE_LENGTH = 5;
const LONGEST_CODE = 51;

/** What a UUID looks like. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What 32 bytes look like. */
export const HEX32 = /^[0-9a-f]{64}$/;

/** What a request says of itself; nothing when it does not, or is no text that a gate would have frozen. */
export function readNames(request: string): { id: string; nonce: string } | undefined {
  // Half of a character would be replaced when it is hashed.
  if (!isWhole(request) || utf8(request).length > MAX_BYTES) return undefined;
  try {
    const fields = readJson(request);
    if (!(fields instanceof Map)) return undefined;
    const [id, nonce] = [fields.get("id"), fields.get("nonce")];
    if (typeof id !== "string" || !UUID.test(id)) return undefined;
    return typeof nonce === "string" && HEX32.test(nonce) ? { id, nonce } : undefined;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Whether this is a code of the request with this digest. */
export function isCodeOf(said: string, digest: string): boolean {
  return said.length >= CODE_LENGTH && said.length <= LONGEST_CODE && said === code(digest, said.length);
}
