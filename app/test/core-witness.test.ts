// The phone as a witness of a host's audit log.

import { describe, expect, test } from "vitest";

import { type Head, hearHead, MAX_KNOWN, NOTHING, SLACK_MS, type Witness } from "../src/core/witness.ts";

const entry = (count: number, version = ""): Head => ({ count, hash: `hash of ${count}${version}` });

/** Hears these, one after the other: the last one's alarm, and what is remembered. */
function hearAll(...heard: readonly [Head, sentAtMs: number, older?: Head][]): ReturnType<typeof hearHead> {
  let last: ReturnType<typeof hearHead> = { witness: NOTHING };
  for (const [head, sentAtMs, older] of heard) last = hearHead(last.witness, head, sentAtMs, older);
  return last;
}

const topOf = ({ witness }: { witness: Witness }) => witness.top?.count;

describe("no alarm", () => {
  test("for a log that grows", () => {
    const last = hearAll([entry(3), 1_000], [entry(4), 2_000], [entry(9), 3_000]);
    expect(last.alarm).toBeUndefined();
    expect(last.witness.top).toEqual({ ...entry(9), sentAtMs: 3_000 });
    expect(last.witness.known).toEqual([entry(3), entry(4), entry(9)]);
  });

  test("for messages that arrive in another order than they were sent", () => {
    const last = hearAll([entry(9), 3_000], [entry(4), 2_000], [entry(3), 1_000]);
    expect(last.alarm).toBeUndefined();
    expect(topOf(last)).toBe(9);
    expect(last.witness.known).toEqual([entry(3), entry(4), entry(9)]);
  });

  test("for a message that was made a little before another, and sealed after it", () => {
    expect(hearAll([entry(9), 10_000], [entry(8), 10_000 + SLACK_MS]).alarm).toBeUndefined();
  });

  test("for an entry that is the same as it was, or is no longer there", () => {
    expect(hearAll([entry(9), 1_000], [entry(12), 9_000, entry(9)]).alarm).toBeUndefined();
    expect(hearAll([entry(9), 1_000], [entry(12), 9_000]).alarm).toBeUndefined();
  });
});

describe("back", () => {
  test("a shorter log in a message that was sent later", () => {
    const last = hearAll([entry(9), 10_000], [entry(8), 10_001 + SLACK_MS]);
    expect(last.alarm).toBe("back");
    expect(topOf(last)).toBe(8);
  });

  test("later than the first message that told of the longer one", () => {
    const last = hearAll([entry(9), 90_000], [entry(9), 10_000], [entry(8), 20_000]);
    expect(last.alarm).toBe("back");
  });

  test("the log goes on from there without another alarm", () => {
    expect(hearAll([entry(9), 10_000], [entry(2), 70_000], [entry(3), 80_000]).alarm).toBeUndefined();
  });
});

describe("fork", () => {
  test("another entry under a number that is known", () => {
    const last = hearAll([entry(7), 1_000], [entry(9), 2_000], [entry(7, "b"), 3_000]);
    expect(last.alarm).toBe("fork");
    expect(last.witness).toEqual({ top: { ...entry(7, "b"), sentAtMs: 3_000 }, known: [entry(7, "b")] });
  });

  test("however late the message is", () => {
    expect(hearAll([entry(7), 1_000], [entry(9), 2_000], [entry(7, "b"), 500]).alarm).toBe("fork");
  });

  test("the entry that was asked for is another, though the log is longer", () => {
    const last = hearAll([entry(9), 1_000], [entry(12, "b"), 9_000, entry(9, "b")]);
    expect(last.alarm).toBe("fork");
    expect(last.witness.known).toEqual([entry(12, "b")]);
  });
});

test("the oldest entries are forgotten, the highest is not", () => {
  const heads = Array.from({ length: MAX_KNOWN + 5 }, (_, at): [Head, number] => [entry(at), at]);
  const { witness } = hearAll(...heads);
  expect(witness.known).toHaveLength(MAX_KNOWN);
  expect(witness.known[0]).toEqual(entry(5));
  expect(witness.top?.count).toBe(MAX_KNOWN + 4);
});
