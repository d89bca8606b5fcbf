// What a host may say, and what it may not.

import { describe, expect, test } from "vitest";

import { type HostSays, readHostSays, writeDeviceSays } from "../src/core/message.ts";
import { isCodeOf, readNames } from "../src/core/request.ts";
import type { Kind } from "../src/seal/index.ts";
import { fromUtf8, utf8 } from "../src/seal/bytes.ts";

const ID = "0190a5d0-0000-7000-8000-000000000001";
const HEX = "ab".repeat(32);
const FRAME = { log: { sequence: 7, hash: HEX }, sent_at_ms: 5 };

const SAID: Record<string, Record<string, unknown>> = {
  ask: { code: "7KQ2M", reply: HEX, asked_at_ms: 1, remaining_ms: 2, request: "{}" },
  waits: { id: ID, code: "7KQ2M" },
  changed: { id: ID, state: "denied", approver: "owner", device: "0123456789abcdef", note: "no", at_ms: 3 },
  inbox: {
    host: "box",
    pending: [ID],
    known: { sequence: 7, hash: HEX },
    push: "AQ",
    pushing: true,
    devices: [{ key: "0123456789abcdef", approver: "owner", label: "phone", kind: "passkey", listens: false }],
  },
  content: { id: ID, sha256: HEX, content: "aGk" },
  test: { nonce: HEX },
  revoked: {},
};

function read(said: unknown, kind?: Kind): HostSays | undefined {
  const { say } = said as { say: string };
  return readHostSays(kind ?? (say === "ask" ? "request" : "update"), utf8(JSON.stringify(said)))?.said;
}

const whole = (say: string, change: Record<string, unknown> = {}) => {
  return { say, ...FRAME, ...SAID[say], ...change };
};

test("what a host says is read", () => {
  expect(read(whole("ask"))).toEqual({
    ...{ say: "ask", code: "7KQ2M", reply: HEX, askedAtMs: 1, remainingMs: 2, request: "{}" },
  });
  expect(read(whole("waits"))).toEqual({ say: "waits", id: ID, code: "7KQ2M" });
  expect(read(whole("changed"))).toEqual({
    ...{ say: "changed", id: ID, state: "denied", approver: "owner", device: "0123456789abcdef" },
    ...{ note: "no", atMs: 3 },
  });
  expect(read(whole("inbox"))).toEqual({
    ...{ say: "inbox", host: "box", pending: [ID], push: "AQ", pushing: true },
    known: { count: 7, hash: HEX },
    devices: [{ key: "0123456789abcdef", approver: "owner", label: "phone", kind: "passkey", listens: false }],
  });
  expect(read(whole("content"))).toEqual({ say: "content", id: ID, sha256: HEX, content: utf8("hi") });
  expect(read(whole("test"))).toEqual({ say: "test", nonce: HEX });
  expect(read(whole("revoked"))).toEqual({ say: "revoked" });
});

test("the frame around it is read, too", () => {
  expect(readHostSays("update", utf8(JSON.stringify(whole("revoked"))))).toMatchObject({
    log: { count: 7, hash: HEX },
    sentAtMs: 5,
  });
});

test("what is not there, or null, is nothing; what is unknown is ignored", () => {
  expect(read(whole("changed", { approver: null, device: null, note: undefined, more: [1] }))).toEqual({
    ...{ say: "changed", id: ID, state: "denied", atMs: 3 },
  });
  expect(read(whole("content", { content: null }))).toEqual({ say: "content", id: ID, sha256: HEX });
  expect(read(whole("inbox", { known: null, push: null, pushing: null, devices: [], pending: [] }))).toEqual({
    ...{ say: "inbox", host: "box", pending: [], devices: [] },
  });
});

describe("unreadable", () => {
  const NUMBERS = [1.5, -1, 2 ** 53];
  const BAD: readonly unknown[] = [undefined, null, ...NUMBERS, "", "x", [], {}, [[]], "é".repeat(200_000)];
  // These may be missing.
  const OPTIONAL = ["approver", "device", "note", "known", "push", "pushing", "content"];
  // These may be any text: it is shown through `show`, or compared.
  const TEXT = ["code", "request", "host", "note", "approver", "push"];

  test.each(Object.entries(SAID))("%s with one field that is not what it must be", (say, fields) => {
    for (const name of Object.keys(fields)) {
      for (const value of BAD) {
        if ((value === undefined || value === null) && OPTIONAL.includes(name)) continue;
        if ((value === "" || value === "x") && TEXT.includes(name)) continue;
        if (Array.isArray(value) && value.length === 0 && ["pending", "devices"].includes(name)) continue;
        // No bytes at all are bytes.
        if (value === "" && name === "content") continue;
        expect(read(whole(say, { [name]: value })), `${name}: ${JSON.stringify(value)}`).toBeUndefined();
      }
    }
  });

  test("a broken frame", () => {
    const heads = [{ sequence: 7 }, { sequence: "7", hash: HEX }, { sequence: 7, hash: "" }];
    for (const log of [undefined, null, 7, {}, ...heads]) {
      expect(read(whole("revoked", { log }))).toBeUndefined();
    }
    expect(read(whole("revoked", { sent_at_ms: "5" }))).toBeUndefined();
  });

  test("no JSON, no object, no known word", () => {
    const others = ["{}", '{"say":"pay"}', '{"say":7}', "\uFEFF{}"];
    for (const text of ["", "{", "null", "[]", "7", '"ask"', ...others]) {
      expect(readHostSays("update", utf8(text))).toBeUndefined();
    }
    expect(readHostSays("update", Uint8Array.of(0xff, 0xfe))).toBeUndefined();
  });

  test("a state that nobody knows", () => {
    for (const state of ["pending", "Denied", "constructor", ""]) {
      expect(read(whole("changed", { state }))).toBeUndefined();
    }
  });

  test("in an envelope of another kind", () => {
    expect(read(whole("ask"), "update")).toBeUndefined();
    for (const say of ["changed", "revoked", "inbox"]) {
      expect(read(whole(say), "request")).toBeUndefined();
      expect(read(whole(say), "pairing")).toBeUndefined();
    }
  });

  test("more than there can be", () => {
    expect(read(whole("inbox", { pending: Array(4097).fill(ID) }))).toBeUndefined();
    expect(read(whole("ask", { request: "x".repeat(128 * 1024 + 1) }))).toBeUndefined();
  });
});

test("what a device says is written as the host reads it", () => {
  const written = (...said: Parameters<typeof writeDeviceSays>) => {
    const { kind, body } = writeDeviceSays(...said);
    return [kind, JSON.parse(fromUtf8(body) ?? "")];
  };
  expect(written({ say: "listen" })).toEqual(["update", { say: "listen" }]);
  expect(written({ say: "listen", known: 3 })).toEqual(["update", { say: "listen", known: 3 }]);
  expect(written({ say: "delivered", id: ID })).toEqual(["receipt", { say: "delivered", id: ID }]);
  expect(written({ say: "shown", id: ID })).toEqual(["receipt", { say: "shown", id: ID }]);
  expect(written({ say: "tested", nonce: HEX })).toEqual(["receipt", { say: "tested", nonce: HEX }]);
  const none = { say: "push", subscription: null } as const;
  expect(written(none)).toEqual(["update", none]);
});

describe("a request's bytes", () => {
  test("a code is the digest's first bits", () => {
    // 00001 00010 11111 00000 01…: as in crates/aisudo-core/src/digest.rs, with a fifth letter, 01000.
    const digest = `08be04${"0".repeat(58)}`;
    expect(isCodeOf("12Z08", digest)).toBe(true);
    expect(isCodeOf(`12Z08${"0".repeat(46)}`, digest)).toBe(true);
    for (const other of ["12Z0", "12Z09", "12z08", "", `12Z08${"0".repeat(47)}`, "12ZO8"]) {
      expect(isCodeOf(other, digest), other).toBe(false);
    }
  });

  test("its names are read, if they are names", () => {
    const names = (fields: unknown) => readNames(JSON.stringify(fields));
    expect(names({ id: ID, nonce: HEX, more: 1 })).toEqual({ id: ID, nonce: HEX });
    for (const bad of [null, 7, [], {}, { id: ID }, { nonce: HEX }, { id: ID, nonce: HEX.toUpperCase() }]) {
      expect(names(bad)).toBeUndefined();
    }
    expect(names({ id: "../../deny", nonce: HEX })).toBeUndefined();
    expect(readNames("{")).toBeUndefined();
    expect(readNames(`{"id":"${ID}","nonce":"${HEX}","id":"${ID}"}`)).toBeUndefined();
    expect(readNames(`{"id":"${ID}","nonce":"${HEX}","x":"\ud800"}`)).toBeUndefined();
    expect(readNames(`{"id":"${ID}","nonce":"${HEX}","x":"${"é".repeat(64 * 1024)}"}`)).toBeUndefined();
  });
});
