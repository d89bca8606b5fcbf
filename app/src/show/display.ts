// Safe display of bytes that somebody else chose: the twin of aisudo-core's `display`, where the rules and
// what they cost are explained. One line from left to right in which everything can be seen, everything is
// what it looks like, and nothing is left out: different bytes are never written alike.

import { fromUtf8 } from "../seal/bytes.ts";
import { type Look, lookOf, MARKS, type Mark, mixesScripts } from "./unicode.ts";

export type { Mark };

/** A text that is safe to show, and what was noticed about it: in the order of `MARKS`, each once. */
export interface Shown {
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** One word of a command line: bare when it is plain, else in double quotes. */
export function word(bytes: Uint8Array): Shown {
  const writer = new Writer();
  writer.word(bytes);
  return writer.shown();
}

/** A whole command line: each word, with one blank between. */
export function words(argv: readonly Uint8Array[]): Shown {
  const writer = new Writer();
  argv.forEach((bytes, index) => {
    if (index > 0) writer.write(" ");
    writer.word(bytes);
  });
  return writer.shown();
}

/** One field of free text: without quotes, so blanks at its ends are written out. */
export function text(bytes: Uint8Array): Shown {
  const writer = new Writer();
  writer.free(bytes);
  return writer.shown();
}

/** More blanks in a row than this are counted instead of written. */
const LONGEST_BLANK_RUN = 3;

const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;

/** What needs no quotes. */
const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** A character, or a byte that is none. */
type Piece = { readonly point: number; readonly look: Look } | { readonly byte: number };

class Writer {
  private readonly written: string[] = [];
  private readonly marks = new Set<Mark>();

  shown(): Shown {
    return { text: this.written.join(""), marks: MARKS.filter((mark) => this.marks.has(mark)) };
  }

  write(text: string): void {
    this.written.push(text);
  }

  word(bytes: Uint8Array): void {
    const bare = fromUtf8(bytes);
    if (bare !== undefined && PLAIN.test(bare)) {
      this.write(bare);
      return;
    }
    this.write('"');
    this.body(bytes, true);
    this.write('"');
  }

  free(bytes: Uint8Array): void {
    const first = bytes.findIndex((byte) => byte !== BLANK);
    const begin = first < 0 ? bytes.length : first;
    const end = Math.max(begin, bytes.findLastIndex((byte) => byte !== BLANK) + 1);
    this.countedBlanks(begin);
    this.body(bytes.subarray(begin, end), false);
    this.countedBlanks(bytes.length - end);
  }

  private body(bytes: Uint8Array, quoted: boolean): void {
    const pieces = piecesOf(bytes);
    if (mixes(pieces)) this.marks.add("mixed alphabets in one word");
    let blanks = 0;
    for (const piece of pieces) {
      if ("point" in piece && piece.point === BLANK) {
        blanks += 1;
        continue;
      }
      this.blanks(blanks);
      blanks = 0;
      if ("point" in piece) {
        this.character(piece.point, piece.look, quoted);
      } else {
        this.escapedByte(piece.byte);
        this.marks.add("bytes that are not text");
      }
    }
    this.blanks(blanks);
  }

  private character(point: number, look: Look, quoted: boolean): void {
    if (look.mark !== undefined) this.marks.add(look.mark);
    if (point < BLANK || point === BACKSLASH || point === DELETE || (quoted && point === QUOTE)) {
      this.escapedByte(point);
    } else if (look.plain) {
      this.write(String.fromCodePoint(point));
    } else {
      this.write(`\\u{${point.toString(16)}}`);
    }
  }

  private blanks(run: number): void {
    if (run > LONGEST_BLANK_RUN) {
      this.countedBlanks(run);
    } else {
      this.write(" ".repeat(run));
    }
  }

  /** A literal backslash is always doubled, so nothing else is written like this. */
  private countedBlanks(run: number): void {
    if (run === 0) return;
    this.write(`\\{${run} blank${run === 1 ? "" : "s"}}`);
    this.marks.add("unusual blanks");
  }

  private escapedByte(byte: number): void {
    this.write(ESCAPES.get(byte) ?? `\\x${byte.toString(16).padStart(2, "0")}`);
  }
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [QUOTE, '\\"'],
  [BACKSLASH, "\\\\"],
]);

/** Whether letters that no one language puts into one word stand beside each other. */
function mixes(pieces: readonly Piece[]): boolean {
  let run: number[] = [];
  for (const piece of pieces) {
    if ("point" in piece && piece.look.letter) {
      run.push(piece.point);
    } else {
      if (mixesScripts(run)) return true;
      run = [];
    }
  }
  return mixesScripts(run);
}

function piecesOf(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = characterAt(bytes, at);
    if (length === 0) {
      pieces.push({ byte: bytes[at] ?? 0 });
      at += 1;
    } else {
      const point = decoded(bytes.subarray(at, at + length));
      pieces.push({ point, look: lookOf(point) });
      at += length;
    }
  }
  return pieces;
}

/** How many bytes the character has that begins there, or none: Unicode, table 3-7. */
function characterAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  // Overlong forms, surrogates and what is beyond U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < least || second > most) return 0;
  const rest = bytes.subarray(at + 2, at + length);
  const whole = rest.length === Math.max(0, length - 2) && rest.every((byte) => (byte & 0xc0) === 0x80);
  return whole ? length : 0;
}

function decoded(character: Uint8Array): number {
  const [first = 0, ...rest] = character;
  const bits = rest.length === 0 ? first : first & (0x3f >> rest.length);
  return rest.reduce((point, byte) => (point << 6) | (byte & 0x3f), bits);
}
