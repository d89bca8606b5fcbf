// What Unicode says of a character, from tables of our own: browsers have Unicode of different years.

/** Why a text deserves a second look, in the order of aisudo-core's `Mark`. */
export const MARKS = [
  "control character",
  "line break",
  "bytes that are not text",
  "right-to-left writing",
  "invisible character",
  "unusual blanks",
  "accent put on another letter",
  "looks like another letter",
  "unknown character",
  "mixed alphabets in one word",
  "characters beyond ASCII",
] as const;

export type Mark = (typeof MARKS)[number];

export interface Look {
  /** Whether it is shown as itself. */
  readonly passes: boolean;
  readonly mark?: Mark;
  /** Of letters and digits. */
  readonly script?: number;
}

export function lookOf(point: number): Look {
  if (point >= 0x20 && point < 0x7f) return { passes: true };
  if (point >= 0x0a && point <= 0x0d) return { passes: false, mark: "line break" };
  return { passes: false, mark: point < 0x80 ? "control character" : "characters beyond ASCII" };
}

export function mixesScripts(_run: readonly Look[]): boolean {
  return false;
}
