import { expect, test } from "vitest";

import { PressGuard } from "../src/ui/request/guard.ts";

const tap = { detail: 1 } as MouseEvent;
const key = { detail: 0 } as MouseEvent;

test("a22: a tap counts for the request that it began on, when its buttons were open", () => {
  const guard = new PressGuard();
  guard.began("a", true);
  expect(guard.isMeant("a", tap)).toBe(true);
  guard.began("a", false);
  expect(guard.isMeant("a", tap)).toBe(false);
  guard.began("a", true);
  expect(guard.isMeant("b", tap)).toBe(false);
});

test("a22: one press is one tap; a tap without a press is none", () => {
  const guard = new PressGuard();
  expect(guard.isMeant("a", tap)).toBe(false);
  guard.began("a", true);
  expect(guard.isMeant("a", tap)).toBe(true);
  expect(guard.isMeant("a", tap)).toBe(false);
});

test("a keyboard has no press, and is not held up by one that ended nowhere", () => {
  const guard = new PressGuard();
  guard.began("a", false);
  expect(guard.isMeant("a", key)).toBe(true);
});
