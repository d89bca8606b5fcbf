// Reads what is shown back into bytes: that it can is the proof that nothing is ambiguous. Throws on what
// cannot have been written by the display. The twin of aisudo-core's display/tests/reader.rs.

import { type Bytes, concat, fromHex, utf8 } from "../src/seal/bytes.ts";

/** The words behind a shown command line. */
export function wordsBehind(shown: string): Bytes[] {
  const reader = new Reader(shown);
  const words: Bytes[] = [];
  while (!reader.atEnd()) {
    if (words.length > 0) reader.must(/ /y);
    words.push(reader.word());
  }
  return words;
}

/** The bytes behind a shown text. */
export function textBehind(shown: string): Bytes {
  const reader = new Reader(shown);
  const pieces: Bytes[] = [];
  while (!reader.atEnd()) pieces.push(reader.piece());
  return concat(...pieces);
}

const NAMED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", '"': '"' };

class Reader {
  private readonly shown: string;
  private at = 0;

  constructor(shown: string) {
    this.shown = shown;
  }

  atEnd(): boolean {
    return this.at === this.shown.length;
  }

  word(): Bytes {
    const bare = this.take(/[^ "\\]+/y);
    if (bare !== undefined) return utf8(bare);
    this.must(/"/y);
    const pieces: Bytes[] = [];
    while (this.take(/"/y) === undefined) pieces.push(this.piece());
    return concat(...pieces);
  }

  piece(): Bytes {
    const plain = this.take(/[^\\]/uy);
    if (plain !== undefined) return utf8(plain);
    this.must(/\\/y);
    const named = NAMED[this.take(/[nrt\\"]/y) ?? ""];
    if (named !== undefined) return utf8(named);
    const byte = this.take(/x[0-9a-f]{2}/y);
    if (byte !== undefined) return fromHex(byte.slice(1)) ?? new Uint8Array();
    const point = this.take(/u\{[1-9a-f][0-9a-f]*\}/y);
    if (point !== undefined) return utf8(String.fromCodePoint(Number.parseInt(point.slice(2), 16)));
    return utf8(" ".repeat(Number.parseInt(this.must(/\{[1-9][0-9]* blanks?\}/y).slice(1), 10)));
  }

  must(pattern: RegExp): string {
    const taken = this.take(pattern);
    if (taken === undefined) throw new Error(`cannot have been shown: ${this.shown.slice(this.at)}`);
    return taken;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const taken = pattern.exec(this.shown)?.[0];
    this.at += taken?.length ?? 0;
    return taken;
  }
}
