// What Unicode says of a character, from tables of our own: browsers have Unicode of different years.

import { LOOKS, type Packed, SCRIPTS } from "./table.ts";

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
  readonly plain: boolean;
  readonly mark?: Mark;
  /** Whether it is a letter or digit, and so part of a word. */
  readonly letter: boolean;
  /** Whether UTS #39 allows that letter or digit in identifiers. */
  readonly allowed: boolean;
}

export function lookOf(point: number): Look {
  return looks.at(point);
}

/**
 * Whether a run of letters and digits holds those that no one language puts into one word: UTS #39, section
 * 5.2. Latin beside Chinese, Japanese or Korean is common ("highly restrictive").
 */
export function mixesScripts(run: readonly number[]): boolean {
  const sets = new Set(run.map((point) => scripts.at(point)));
  sets.delete(ALL);
  if (sets.size === 0 || shared(sets).length > 0) return false;
  if (!run.every((point) => lookOf(point).allowed)) return true;
  const others = [...sets].filter((set) => !set.includes("Latn"));
  return !shared(others).some((script) => WITH_LATIN.has(script));
}

/** The scripts that are in each of the sets. */
function shared(sets: Iterable<readonly string[]>): readonly string[] {
  const [first = [], ...others] = sets;
  return first.filter((script) => others.every((set) => set.includes(script)));
}

/** UTS #39's names for Han with Bopomofo, Japanese and Korean. */
const WITH_LATIN: ReadonlySet<string> = new Set(["Hanb", "Jpan", "Kore"]);

/** What belongs to every script, such as digits. */
const ALL: readonly string[] = ["*"];

/** Ranges of characters, each with what is said of them. */
class Table<T> {
  private readonly starts: readonly number[];
  private readonly values: readonly T[];

  constructor(packed: Packed, read: (name: string) => T) {
    const names = packed.names.split(" ").map(read);
    let next = 0;
    // The last range has no length.
    this.starts = [0, ...numbers(packed.lengths).map((length) => (next += length))];
    this.values = numbers(packed.numbers).map((number) => known(names[number]));
  }

  at(point: number): T {
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= point) low = middle;
      else high = middle;
    }
    return known(this.values[low]);
  }
}

/** To the base 31, most significant first; all digits but the last are of the second half. */
function numbers(text: string): number[] {
  const read: number[] = [];
  let number = 0;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    number = number * 31 + (digit % 31);
    if (digit >= 31) continue;
    read.push(number);
    number = 0;
  }
  return read;
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("table.ts is damaged");
  return value;
}

const looks = new Table(LOOKS, (name): Look => {
  const mark = MARKS[Number.parseInt(name.slice(1), 10)];
  const last = name.at(-1);
  return {
    plain: name.startsWith("p"),
    ...(mark !== undefined && { mark }),
    letter: last === "+" || last === "-",
    allowed: last === "+",
  };
});

const scripts = new Table(SCRIPTS, (name) => (name === "*" ? ALL : name === "-" ? [] : name.split(",")));
