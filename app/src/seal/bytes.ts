// Bytes, and the few ways in which they are written.

/** Bytes in a buffer of their own, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Why something was refused: the same words as in `aisudo-seal`, in one place to look them up. */
export type Why =
  | "key" // no usable X25519 key
  | "note" // longer than a note may be, or no text
  | "statement" // not a statement of version 1
  | "too-long" // longer than a sealed message holds
  | "length" // no sealed message has this length
  | "version" // of another version: an older or newer program
  | "kind" // a kind that this version does not know
  | "closed" // does not open; nothing says why
  | "link" // not a pairing link of version 1
  | "step" // not what comes next in pairing
  | "reveal"; // the host broke its commitment

/** Something that is not what it should be. Never says more than `why`. */
export class Refused extends Error {
  readonly why: Why;

  constructor(why: Why) {
    super(why);
    this.name = "Refused";
    this.why = why;
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes behind lower-case hexadecimal, or nothing. */
export function fromHex(text: string): Bytes | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Base64 as URLs and WebAuthn write it: RFC 4648, section 5, without padding. */
export function base64url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes, or nothing when it is not what `base64url` writes. */
export function fromBase64url(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  // `atob` forgives bits that are left over.
  return base64url(bytes) === text ? bytes : undefined;
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** The text, or nothing when it is not UTF-8. A byte order mark is a character like others. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function u16(number: number): Bytes {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, number);
  return bytes;
}

export function u32(number: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function u64(number: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

/** Takes bytes off the front. What is not there makes it refuse. */
export class Reader {
  private rest: Bytes;
  private readonly why: Why;

  constructor(bytes: Uint8Array, why: Why) {
    this.rest = new Uint8Array(bytes);
    this.why = why;
  }

  take(count: number): Bytes {
    if (count > this.rest.length) throw new Refused(this.why);
    const taken = this.rest.slice(0, count);
    this.rest = this.rest.slice(count);
    return taken;
  }

  number(bytes: 1 | 2 | 4): number {
    return this.take(bytes).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** A time. JavaScript counts to 2⁵³; a later one is refused. */
  time(): number {
    const number = Number(new DataView(this.take(8).buffer).getBigUint64(0));
    if (!Number.isSafeInteger(number)) throw new Refused(this.why);
    return number;
  }

  text(bytes: number): string {
    const text = fromUtf8(this.take(bytes));
    if (text === undefined) throw new Refused(this.why);
    return text;
  }

  end(): void {
    if (this.rest.length > 0) throw new Refused(this.why);
  }
}
