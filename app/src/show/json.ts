// JSON, read so that nothing is read otherwise than by the gate and the daemon. `JSON.parse` takes the last
// of two fields with one name and rounds numbers; this refuses both. It also refuses what a request never
// has: fractions, half characters (lone surrogates), and what is nested deeper than any request.

/** A value. Objects are maps, so that no name of a field means anything to JavaScript. */
export type Json = null | boolean | number | string | readonly Json[] | Fields;
export type Fields = ReadonlyMap<string, Json>;

/** Something that is no request. The message is one safe line: it quotes nothing of what was read. */
export class Unreadable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Unreadable";
  }
}

export function readJson(text: string): Json {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** The deepest that Rust's serde_json reads. */
const DEEPEST = 127;

const BLANKS = /[ \t\r\n]*/y;
const STRING = /"[^"\\\0-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\0-\x1f]*)*"/y;
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const WORD = /null|true|false/y;

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ["null", null],
  ["true", true],
  ["false", false],
]);

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Json {
    this.match(BLANKS);
    const first = this.text[this.at];
    if (first === "{" || first === "[") {
      if (depth === DEEPEST) this.refuse("nested too deep");
      return first === "{" ? this.fields(depth + 1) : this.list(depth + 1);
    }
    if (first === '"') return this.string();
    const word = this.word();
    return word === undefined ? this.integer() : word;
  }

  end(): void {
    this.match(BLANKS);
    if (this.at < this.text.length) this.refuse("something follows");
  }

  private fields(depth: number): Fields {
    const fields = new Map<string, Json>();
    this.each("}", () => {
      this.match(BLANKS);
      const name = this.string();
      if (fields.has(name)) this.refuse("a field that is there twice");
      this.match(BLANKS);
      if (!this.take(":")) this.refuse("no colon");
      fields.set(name, this.value(depth));
    });
    return fields;
  }

  private list(depth: number): Json[] {
    const items: Json[] = [];
    this.each("]", () => items.push(this.value(depth)));
    return items;
  }

  /** What stands between brackets, with commas between. */
  private each(end: string, read: () => void): void {
    this.at += 1;
    this.match(BLANKS);
    if (this.take(end)) return;
    do {
      read();
      this.match(BLANKS);
    } while (this.take(","));
    if (!this.take(end)) this.refuse("no comma or end");
  }

  private string(): string {
    const token = this.match(STRING) ?? this.refuse("no text");
    const text = JSON.parse(token) as string;
    return isWhole(text) ? text : this.refuse("half a character");
  }

  private word(): Json | undefined {
    const token = this.match(WORD);
    return token === undefined ? undefined : WORDS.get(token);
  }

  private integer(): number {
    const token = this.match(INTEGER) ?? this.refuse("no value");
    const number = Number(token);
    // JavaScript counts to 2⁵³. What Rust makes of "-0" is no integer.
    return Number.isSafeInteger(number) && token !== "-0" ? number : this.refuse("no usable number");
  }

  private take(letter: string): boolean {
    const there = this.text[this.at] === letter;
    if (there) this.at += 1;
    return there;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private refuse(why: string): never {
    throw new Unreadable(`it is no JSON as it should be: ${why} at letter ${this.at + 1}`);
  }
}

/** Whether it is text: without surrogates that have lost their other half, which UTF-8 cannot hold. */
export function isWhole(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}
