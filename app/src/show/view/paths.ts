// Paths and names as bytes.

export const SLASH = 0x2f;

/** The name without directory. */
export function base(path: Uint8Array): Uint8Array {
  return path.subarray(path.lastIndexOf(SLASH) + 1);
}

/** One letter for each byte: for comparing with names in ASCII. */
export function letters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
