// vectors/show.json: what aisudo-core shows is what the phone shows.

import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { utf8 } from "../src/seal/bytes.ts";
import {
  code,
  type Facts,
  facts,
  readRequest,
  requestDigest,
  type Shown,
  text,
  Unreadable,
  type View,
  view,
  word,
  words,
} from "../src/show/index.ts";
import { INTERPRETERS, WRAPPERS, WRITERS } from "../src/show/view/stdin.ts";
import { BEGINNINGS, NAMES } from "../src/show/view/variables.ts";
import { bytes } from "./vectors.ts";

interface RequestCase {
  name: string;
  request: string;
  digest: string;
  code: string;
  remaining_ms: number | null;
  view: View;
}

interface Vectors {
  display: { bytes: string; word: Shown; text: Shown }[];
  words: { argv: string[]; shown: Shown }[];
  characters: { plain: boolean; marks: string[]; ranges: string }[];
  beside: { letter: string; beside: number[] }[];
  requests: RequestCase[];
  refused: { name: string; request: string; only_by_the_app: boolean }[];
}

const path = new URL("../../vectors/show.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

/** What takes a while on a slow machine, in milliseconds. */
const LONG = 60_000;

function* pointsIn(ranges: string): Generator<number> {
  for (const range of ranges.split(" ")) {
    const [first = NaN, last = first] = range.split("-").map((end) => Number.parseInt(end, 16));
    for (let point = first; point <= last; point += 1) yield point;
  }
}

describe("display", () => {
  test("a17, a18: texts that somebody would try", () => {
    expect(vectors.display.length).toBeGreaterThan(500);
    for (const one of vectors.display) {
      expect(word(bytes(one.bytes)), one.bytes).toEqual(one.word);
      expect(text(bytes(one.bytes)), one.bytes).toEqual(one.text);
    }
  });

  test("command lines", () => {
    for (const one of vectors.words) {
      expect(words(one.argv.map(bytes))).toEqual(one.shown);
    }
  });

  test("all the characters there are", () => {
    let count = 0;
    const wrong: string[] = [];
    for (const group of vectors.characters) {
      const marks = group.marks.join();
      for (const point of pointsIn(group.ranges)) {
        const character = String.fromCodePoint(point);
        const expected = group.plain ? `"${character}"` : `"\\u{${point.toString(16)}}"`;
        const shown = word(utf8(character));
        if (shown.text !== expected || shown.marks.join() !== marks) wrong.push(point.toString(16));
        count += 1;
      }
    }
    expect(wrong).toEqual([]);
    // Those of ASCII are among the texts; 2048 are surrogates.
    expect(count).toBe(0x11_0000 - 0x80 - 0x800);
  }, LONG);

  test("which letters may stand in one word", () => {
    const letters = vectors.beside.map((one) => one.letter);
    for (const one of vectors.beside) {
      const beside = letters.flatMap((other, place) => {
        const { marks } = word(utf8(one.letter + other));
        return marks.includes("mixed alphabets in one word") ? [] : [place];
      });
      expect(beside, one.letter).toEqual(one.beside);
    }
  });
});

describe("requests", () => {
  test.each(vectors.requests)("$name", (one) => {
    const request = readRequest(one.request);
    const label = { code: one.code, digest: one.digest, remainingMs: one.remaining_ms ?? undefined };
    expect(requestDigest(one.request)).toBe(one.digest);
    expect(view(request, label)).toEqual(one.view);
    expect(factsAsLines(facts(request))).toEqual(linesWithFacts(one.view));
  });

  test.each(vectors.refused)("$name is refused", (one) => {
    expect(() => readRequest(one.request)).toThrow(Unreadable);
  });

  test("a17: what is said of a text that is refused quotes nothing of it", () => {
    for (const one of vectors.refused) {
      const say = () => readRequest(one.request.replaceAll("agent", "\\u202e").replaceAll("run", "\u202e"));
      expect(say, one.name).toThrow(/^[ -~]+$/);
    }
  });

  test("one that is as long as it may be", () => {
    const frozen = vectors.requests[0]?.request ?? "";
    const longest = frozen.padEnd(128 * 1024);
    expect(readRequest(longest)).toEqual(readRequest(frozen));
    expect(() => readRequest(`${longest} `)).toThrow(Unreadable);
    // Bytes count, not letters.
    const long = frozen.replace('"web1"', `"${"ž".repeat(64 * 1024)}"`);
    expect(long.length).toBeLessThan(128 * 1024);
    expect(() => readRequest(long)).toThrow(Unreadable);
  });

  test("half a character never becomes another", () => {
    const frozen = vectors.requests[0]?.request ?? "";
    expect(() => readRequest(frozen.replace("agent", "age\ud800nt"))).toThrow(Unreadable);
    // Half of it as an escape: together they look whole.
    expect(() => readRequest(frozen.replace("agent", "age\\ud83d\udca1nt"))).toThrow(Unreadable);
    expect(() => requestDigest("\udc00")).toThrow(Unreadable);
  });

  test("a changeable file, in parts", () => {
    const one = vectors.requests.find((one) => one.name === "a23 several files");
    const { changeable } = facts(readRequest(one?.request ?? ""));
    expect(changeable.map(({ path, role, sha256, size }) => [path, role, sha256, size])).toEqual([
      ['"/home/agent/a b"', "program", "ab".repeat(32), 120],
      ['"/home/agent/a b"', "interpreter", undefined, undefined],
      ['"/home/agent/a b"', "argument", "ab".repeat(32), 120],
      ['"/home/agent/a b"', "stdin", "ab".repeat(32), 120],
      ['"/home/agent/a b"', "argument", undefined, undefined],
      ['"/home/agent/a b"', "argument", undefined, undefined],
    ]);
  });

  /** As in aisudo-core's digest.rs: worked out with `sha256sum`, and by hand. */
  test("digest and code", () => {
    expect(requestDigest("{}")).toBe("0a4c7961f45b3c9799dd5ca436a4ff6c5b785483e91d862d110450c4aa345fa8");
    expect(code(`08be04${"00".repeat(29)}`, 4)).toBe("12Z0");
    expect(code("00".repeat(32), 60)).toBe("0".repeat(51));
  });
});

describe("names that are known on both sides", () => {
  /** What stands in a list of a source in Rust. */
  function namesIn(source: string, list: string): string[] {
    const path = new URL(`../../crates/aisudo-core/src/${source}`, import.meta.url);
    const [, names = ""] = readFileSync(path, "utf8").split(new RegExp(`const ${list}: [^=]*= &\\[`));
    return Array.from((names.split("]")[0] ?? "").matchAll(/"(.*?)"/g), ([, name = ""]) => name);
  }

  test.each([
    ["render/stdin.rs", "INTERPRETERS", INTERPRETERS],
    ["render/stdin.rs", "WRITERS", WRITERS],
    ["render/stdin.rs", "WRAPPERS", WRAPPERS],
    ["variables.rs", "NAMES", NAMES],
    ["variables.rs", "BEGINNINGS", BEGINNINGS],
  ])("%s: %s", (source, list, names) => {
    expect([...names]).toEqual(namesIn(source, list));
  });
});

/** Which fact is which line: they are the same strings. */
const LABELS: readonly (readonly [keyof Facts, string])[] = [
  ["target", "as"],
  ["host", "host"],
  ["requester", "asked by"],
  ["agents", "agent"],
  ["directory", "directory"],
  ["program", "program"],
  ["environment", "environment"],
  ["changeable", "changeable"],
  ["stdin", "input"],
  ["parents", "started by"],
  ["reason", "reason"],
];

function factsAsLines(facts: Facts): View["lines"] {
  return LABELS.flatMap(([name, label]) => {
    const values = [facts[name] ?? []].flat();
    return values.map((value) => ({ label, value: typeof value === "string" ? value : value.text }));
  });
}

function linesWithFacts(view: View): View["lines"] {
  const labels = LABELS.map(([, label]) => label);
  return view.lines.filter((line) => labels.includes(line.label));
}
