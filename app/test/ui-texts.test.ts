import { expect, test } from "vitest";

import { countdown, groups, spoken } from "../src/ui/texts.ts";
import { typed } from "../src/ui/typed.ts";
import { groupsOf, lengthIn, reasonIn } from "../src/ui/request/facts.ts";

test("a countdown says whole seconds, and zero only when it is over", () => {
  expect(countdown(60_000)).toBe("1:00");
  expect(countdown(59_001)).toBe("1:00");
  expect(countdown(9_000)).toBe("0:09");
  expect(countdown(1)).toBe("0:01");
  expect(countdown(0)).toBe("0:00");
  expect(countdown(-5)).toBe("0:00");
  expect(countdown(3_661_000)).toBe("1:01:01");
});

test("a countdown is read out in one unit", () => {
  expect(spoken(1_000)).toBe("1 second");
  expect(spoken(59_000)).toBe("59 seconds");
  expect(spoken(61_000)).toBe("1 minute");
  expect(spoken(150_000)).toBe("3 minutes");
});

test("keys and hashes stand in groups of four, whole", () => {
  expect(groups("3f9ac21b77de0481")).toEqual(["3f9a", "c21b", "77de", "0481"]);
  expect(groups("abcde")).toEqual(["abcd", "e"]);
});

test("what is typed loses blanks around it, and halves of characters", () => {
  expect(typed(" a b\n")).toBe("a b");
  expect(typed("a\ud800b")).toBe("a\ufffdb");
  expect(typed("😀")).toBe("😀");
});

test("each fact has one place, and one that is not known yet stands among the last", () => {
  const known = ["as", "host", "asked by", "agent", "length", "sudo's part", "directory", "inside", "input"];
  const labels = [...known, "new"];
  const lines = labels.map((label) => ({ label, value: `value of ${label}` }));
  const placed = groupsOf(lines).map((group) => group.lines.map(({ label }) => label));
  expect(placed).toEqual([
    ["as", "host", "sudo's part", "directory", "inside"],
    ["asked by", "agent"],
    ["input"],
    ["new"],
  ]);
  expect(lengthIn(lines)).toBe("value of length");
});

test("a reason is told without the words that say whose it is", () => {
  expect(reasonIn([{ label: "reason", value: "in the agent's own words: because" }])).toBe("because");
  expect(reasonIn([{ label: "reason", value: "otherwise" }])).toBe("otherwise");
  expect(reasonIn([])).toBeUndefined();
});
