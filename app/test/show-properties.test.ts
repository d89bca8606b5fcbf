// What holds for all texts, tried with many.

import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { type Bytes, concat, hex, utf8 } from "../src/seal/bytes.ts";
import { text, word, words } from "../src/show/display.ts";
import { type Json, readJson, Unreadable } from "../src/show/json.ts";
import { readRequest } from "../src/show/request.ts";
import { textBehind, wordsBehind } from "./reader.ts";
import { bytes } from "./vectors.ts";

const path = new URL("../../vectors/show.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as {
  display: { bytes: string }[];
  requests: { request: string }[];
};

/** Texts that somebody would try, and parts of what the display itself writes. */
const PARTS = [
  ...vectors.display.map((one) => bytes(one.bytes)).filter((part) => part.length < 20),
  ...["4 blanks}", "\\{4 blanks}", "u{", "x1b", "}", "{", '" "'].map(utf8),
];

/** What takes a while on a slow machine, in milliseconds. */
const LONG = 60_000;

const ROUNDS = 20_000;

/** The same draws each time: a linear congruential generator (Numerical Recipes). */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function someBytes(draw: (below: number) => number): Bytes {
  const parts = Array.from({ length: draw(7) }, () => {
    const part = PARTS[draw(PARTS.length)] ?? new Uint8Array();
    switch (draw(4)) {
      case 0:
        return part.slice(0, draw(part.length + 1));
      case 1:
        return Uint8Array.of(draw(256));
      default:
        return part;
    }
  });
  return concat(...parts);
}

describe("different bytes are never shown alike", () => {
  test("all of up to two bytes", () => {
    const all = [new Uint8Array()];
    for (let one = 0; one < 256; one += 1) {
      all.push(Uint8Array.of(one));
      for (let two = 0; two < 256; two += 1) all.push(Uint8Array.of(one, two));
    }
    expect(new Set(all.map((bytes) => word(bytes).text)).size).toBe(all.length);
    expect(new Set(all.map((bytes) => text(bytes).text)).size).toBe(all.length);
  }, LONG);

  test("what is shown can be read back", () => {
    const draw = draws(1);
    for (let round = 0; round < ROUNDS; round += 1) {
      const argv = Array.from({ length: draw(4) }, () => someBytes(draw));
      // Not by a matcher each time: they are slow.
      const same = wordsBehind(words(argv).text).map(hex).join() === argv.map(hex).join();
      if (!same) expect.unreachable(argv.map(hex).join());
      const free = someBytes(draw);
      if (hex(textBehind(text(free).text)) !== hex(free)) expect.unreachable(hex(free));
    }
  }, LONG);

  test("what is shown is one line in which nothing hides", () => {
    const draw = draws(2);
    for (let round = 0; round < ROUNDS; round += 1) {
      const some = someBytes(draw);
      for (const shown of [word(some), text(some), words([some, some])]) {
        // Latin letters, kana, Han, Hangul: nothing from right to left, nothing that is put on another.
        const visible = /^[ -~À-ſ々ぁ-ヿ㐀-鿿가-힣]*$/.test(shown.text);
        const blanks = / {4}|^ | $/.test(shown.text);
        const ascii = some.every((byte) => byte >= 0x20 && byte < 0x7f);
        if (!visible || blanks || (shown.marks.length === 0 && !ascii)) expect.unreachable(hex(some));
      }
    }
  }, LONG);
});

test("what is read is what JSON says, whatever was changed in it", () => {
  const draw = draws(3);
  const letters = [...'{}[]:,"\\u0eE+-.1 \n\t'];
  let read = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const frozen = vectors.requests[draw(40)]?.request ?? "";
    const at = draw(frozen.length);
    const letter = letters[draw(letters.length)] ?? "";
    const changed = frozen.slice(0, at) + letter + frozen.slice(at + draw(2));
    const value = valueOf(changed);
    if (value === undefined) {
      expect(() => readRequest(changed)).toThrow(Unreadable);
    } else {
      expect(plain(value)).toEqual(JSON.parse(changed));
      read += 1;
    }
  }
  expect(read).toBeGreaterThan(100);
}, LONG);

function valueOf(text: string): Json | undefined {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function plain(value: Json): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const fields = Array.from(value as ReadonlyMap<string, Json>);
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]));
}
