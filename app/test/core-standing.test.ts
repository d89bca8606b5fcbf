// How what is heard of a request changes where it stands.

import { describe, expect, test } from "vitest";

import { askedAgain, KEPT, KEPT_LETTERS, surplus } from "../src/core/items.ts";
import { type Change, STATES } from "../src/core/message.ts";
import type { ItemRow } from "../src/core/rows.ts";
import { canAnswer, changed, isOver, settled, taken } from "../src/core/standing.ts";
import type { Standing } from "../src/core/types.ts";

const ITEM: ItemRow = {
  ...{ host: "h", id: "i", code: "7KQ2M", request: "{}", digest: "d", nonce: "n", reply: "r" },
  ...{ askedAtMs: 1_000, deadlineMs: 61_000, standing: "waits" },
};

const at = (standing: Standing): ItemRow => ({ ...ITEM, standing });
const by = (state: Change["state"], device = "other"): Change => {
  return { state, approver: "owner", device, atMs: 5_000 };
};

test.each([
  ["approved", "approved"],
  ["denied", "denied"],
  ["expired", "expired"],
  ["cancelled", "cancelled"],
  ["released", "ran"],
  ["unused", "unused"],
] as const)("%s is %s", (state, standing) => {
  expect(changed(ITEM, by(state), "mine").standing).toBe(standing);
  expect(settled(ITEM, state, 5_000).standing).toBe(standing);
});

test("whose answer it was", () => {
  expect(changed(ITEM, by("denied", "mine"), "mine").by).toEqual({ approver: "owner", thisPhone: true });
  expect(changed(ITEM, by("denied", "other"), "mine").by).toEqual({ approver: "owner", thisPhone: false });
  expect(changed(ITEM, { state: "expired", atMs: 5_000 }, "mine").by).toBeUndefined();
});

test("messages in any order lead to the same end", () => {
  const heard = [by("approved"), by("released"), by("approved")];
  for (const order of [[0, 1, 2], [1, 0, 2], [0, 2, 1]]) {
    const end = order.reduce((item, one) => changed(item, heard[one] ?? by("approved"), "mine"), ITEM);
    expect(end).toMatchObject({ standing: "ran", endedAtMs: 5_000 });
  }
});

test("what has ended does not end in another way", () => {
  for (const first of STATES.filter((state) => state !== "approved")) {
    for (const second of STATES) {
      const end = changed(ITEM, by(first), "mine");
      expect(changed(end, { ...by(second, "mine"), atMs: 9_000 }, "mine")).toBe(end);
    }
  }
});

describe("this phone's answer", () => {
  test("that arrived does not undo what was heard meanwhile", () => {
    expect(taken(at("sending")).standing).toBe("taken");
    expect(taken(at("approved")).standing).toBe("approved");
    expect(taken(at("ran")).standing).toBe("ran");
  });

  test.each(["sending", "unsent"] as const)("that did not arrive (%s) was late", (standing) => {
    for (const state of ["expired", "cancelled", undefined] as const) {
      expect(settled(at(standing), state, 9_000)).toMatchObject({ standing: "late", endedAtMs: 9_000 });
    }
    // What somebody else has decided is told, and not hidden.
    expect(settled(at(standing), "released", 9_000).standing).toBe("ran");
    expect(settled(at(standing), "denied", 9_000).standing).toBe("denied");
  });

  test("that the host has taken was not late", () => {
    expect(settled(at("taken"), "cancelled", 9_000).standing).toBe("cancelled");
    expect(settled(at("taken"), undefined, 9_000).standing).toBe("over");
  });

  test("late stays late when the request expires, and gives way to a decision", () => {
    expect(changed(at("late"), by("expired"), "mine").standing).toBe("late");
    expect(changed(at("late"), by("released"), "mine").standing).toBe("ran");
  });

  test("can be given while nobody's is on its way, and until the deadline", () => {
    const answerable = (["waits", "unsent", "sending", "taken", "approved", "over", "late", "ran"] as const)
      .filter((standing) => canAnswer(at(standing), 60_999));
    expect(answerable).toEqual(["waits", "unsent"]);
    expect(canAnswer(ITEM, 61_000)).toBe(false);
  });
});

describe("asked again", () => {
  test("with another reply key, never for longer", () => {
    const again = { ...ITEM, reply: "other", deadlineMs: 90_000 };
    expect(askedAgain(ITEM, again)).toEqual({ ...ITEM, reply: "other" });
    expect(askedAgain(ITEM, { ...again, deadlineMs: 40_000 }).deadlineMs).toBe(40_000);
  });

  test("what has ended stays so, what was only lost waits again", () => {
    expect(askedAgain(at("denied"), ITEM).standing).toBe("denied");
    expect(askedAgain(at("taken"), ITEM).standing).toBe("taken");
    expect(askedAgain({ ...at("over"), endedAtMs: 3 }, ITEM)).toEqual(ITEM);
  });
});

describe("what is kept", () => {
  const many = (count: number, standing: Standing, letters = 2) =>
    Array.from({ length: count }, (_, at) => ({
      ...ITEM,
      ...{ id: String(at), standing, askedAtMs: at, request: "x".repeat(letters) },
    }));

  test("those that wait, and the last ones that are over", () => {
    const over = many(KEPT + 2, "ran");
    expect(surplus([...many(900, "waits"), ...over]).map(({ id }) => id)).toEqual(["1", "0"]);
    expect(isOver("late") && isOver("over") && !isOver("approved")).toBe(true);
  });

  test("no more letters than there is room for", () => {
    const half = KEPT_LETTERS / 2;
    expect(surplus(many(3, "expired", half)).map(({ id }) => id)).toEqual(["0"]);
  });
});
