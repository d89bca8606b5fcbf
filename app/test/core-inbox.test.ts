// What comes from a host: twice, late, in any order, and from somebody who means no good.

import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { openDb, type Tx } from "../src/core/db.ts";
import { MAX_OPEN } from "../src/core/items.ts";
import type { Host } from "../src/core/types.ts";
import { random } from "../src/seal/envelope.ts";
import { boxKeyFrom, seal, SIZES } from "../src/seal/index.ts";
import { utf8 } from "../src/seal/bytes.ts";
import { type Device, FakeHost } from "./host.ts";
import { Phone } from "./phone.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

async function paired() {
  const host = new FakeHost();
  const phone = new Phone([host]);
  const device = await phone.pair(host);
  return { host, phone, device };
}

/** Puts bytes on all connections of a device, as a carrier could. */
function bring(host: FakeHost, device: Device, ...all: readonly Uint8Array<ArrayBuffer>[]): void {
  for (const one of host.streams) if (one.device === device) for (const bytes of all) one.stream.push(bytes);
}

test("the host is told what arrived, and what a person looked at: once", async () => {
  const { host, phone, device } = await paired();
  const request = await host.ask(["true"]);
  await phone.item(request.id);
  phone.core.shown(host.id, request.id);
  phone.core.shown(host.id, request.id);
  await host.say(device, host.askTo(request, device));
  await host.say(device, { say: "test", nonce: "cd".repeat(32) });
  await host.when(() => host.heard.some(({ say }) => say === "tested"));
  const about = host.heard.filter(({ say }) => say !== "listen").map(({ device: _, ...said }) => said);
  expect(about).toHaveLength(3);
  expect(about).toContainEqual({ say: "delivered", id: request.id });
  expect(about).toContainEqual({ say: "shown", id: request.id });
  expect(about).toContainEqual({ say: "tested", nonce: "cd".repeat(32) });
});

/** By the list of devices in it, one inbox is told from another. */
function marked(label: string): unknown[] {
  return [{ key: "00".repeat(8), approver: "owner", label, kind: "ed25519", listens: true }];
}

function markOf(host: Host): string | undefined {
  return host.devices[0]?.label;
}

test("a host keeps the name that it was paired by", async () => {
  const { host, phone, device } = await paired();
  await host.say(device, { ...host.inbox(undefined), host: "another", devices: marked("done") });
  const known = await phone.host(host.id, (now) => markOf(now) === "done");
  expect(known.name).toBe("box");
});

describe("twice and in any order", () => {
  test("the very same envelope is heard once", async () => {
    const { host, phone, device } = await paired();
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    const old = await host.seal(device, { say: "inbox", host: "box", pending: [], devices: marked("older") });
    bring(host, device, old);
    await phone.host(host.id, (known) => markOf(known) === "older");
    await host.say(device, { ...host.inbox(undefined), devices: marked("newer") });
    await phone.host(host.id, (known) => markOf(known) === "newer");
    bring(host, device, old);
    await host.say(device, { ...host.inbox(undefined), devices: marked("newest") });
    await phone.host(host.id, (known) => markOf(known) !== "newer");
    expect(markOf(await phone.host(host.id))).toBe("newest");
  });

  test("a request that is asked again waits no longer than it was said first", async () => {
    const { host, phone, device } = await paired();
    const request = await host.ask(["true"], 60_000);
    const { deadlineMs } = await phone.item(request.id);
    expect(deadlineMs).toBe(phone.clock.now + 60_000);
    phone.clock.now += 10_000;
    await host.say(device, { ...host.askTo(request, device), remaining_ms: 60_000 });
    await host.say(device, { ...host.inbox(undefined), devices: marked("done") });
    await phone.host(host.id, (known) => markOf(known) === "done");
    expect((await phone.item(request.id)).deadlineMs).toBe(deadlineMs);
    await host.say(device, { ...host.askTo(request, device), remaining_ms: 5_000 });
    await phone.item(request.id, (item) => item.deadlineMs === phone.clock.now + 5_000);
  });

  test("an old question does not bring back what is over", async () => {
    const { host, phone, device } = await paired();
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    const again = await host.seal(device, host.askTo(request, device));
    await host.become(request, "cancelled");
    await phone.item(request.id, ({ standing }) => standing === "cancelled");
    bring(host, device, again);
    await host.say(device, { ...host.inbox(undefined), devices: marked("done") });
    await phone.host(host.id, (known) => markOf(known) === "done");
    expect((await phone.item(request.id)).standing).toBe("cancelled");
  });

  test("what is told of a request that is not here is nothing", async () => {
    const { host, phone, device } = await paired();
    const change = { say: "changed", id: "0190a5d0-0000-7000-8000-000000000001", state: "denied", at_ms: 1 };
    await host.say(device, change);
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    expect(phone.core.snapshot().items).toHaveLength(1);
  });
});

test("what ended while this phone was away is asked for, one by one", async () => {
  const { host, phone } = await paired();
  const states = ["denied", "expired", "cancelled", "released", "unused", "approved", undefined] as const;
  const requests = [];
  for (const _ of states) requests.push(await host.ask(["true"]));
  for (const { id } of requests) await phone.item(id);
  host.weather.listen = "offline";
  host.restart();
  await phone.host(host.id, ({ link }) => link === "offline");
  for (const [at, state] of states.entries()) {
    const request = requests[at];
    if (request === undefined) continue;
    if (state !== undefined) request.state = state;
    else host.requests.splice(host.requests.indexOf(request), 1);
  }
  const waiting = await host.ask(["still"]);
  host.weather.listen = "fair";
  phone.core.retry();
  const ends = [];
  for (const { id } of requests) {
    ends.push((await phone.item(id, ({ standing }) => standing !== "waits")).standing);
  }
  expect(ends).toEqual(["denied", "expired", "cancelled", "ran", "unused", "approved", "over"]);
  expect((await phone.item(waiting.id)).standing).toBe("waits");
});

test("a push and a connection bring the same request: it is one", async () => {
  const { host, phone, device } = await paired();
  const { hear } = await import("../src/core/inbox.ts");
  const worker = phone.worker();
  const request = await host.ask(["true"]);
  const pushed = await host.seal(device, host.askTo(request, device));
  await hear(worker, host.id, pushed);
  await worker.idle();
  await phone.item(request.id);
  expect(phone.core.snapshot().items).toHaveLength(1);
});

describe("hostile", () => {
  test("whatever it is, nothing comes of it, and the next request arrives", async () => {
    const { host, phone, device } = await paired();
    const request = await host.ask(["true"]);
    const before = await phone.item(request.id);
    const ask = host.askTo(request, device);
    const other = await new FakeHost().ask(["other"]);
    const forged = { ...ask, request: other.bytes, code: other.code };
    const stranger = boxKeyFrom(random(32));
    const to = device.seal;
    bring(
      host,
      device,
      ...[new Uint8Array(0), random(1), random(511), random(512)],
      ...[new Uint8Array(524288), new Uint8Array(600_000)],
      await seal("request", stranger, to, utf8(JSON.stringify(ask))),
      await seal("update", host.key, stranger.publicKey, utf8(JSON.stringify(ask))),
      await seal("decision", host.key, to, utf8(JSON.stringify(ask))),
      await seal("pairing", host.key, to, utf8('{"step":"paired"}')),
      await seal("update", host.key, to, utf8("[".repeat(100_000))),
      await seal("update", host.key, to, Uint8Array.of(0xff)),
    );
    for (const bad of [
      { ...forged, code: "7KQ2M" },
      { ...forged, reply: "00".repeat(32) },
      { ...forged, request: other.bytes.slice(0, -1) },
      { ...forged, request: "[]" },
      { ...forged, request: other.bytes.replace(other.id, "../../../approve/x/y") },
      { ...forged, remaining_ms: -1 },
      { ...forged, request: `${other.bytes} ` },
      { say: "changed", id: request.id, state: "__proto__", at_ms: 1 },
      { say: "inbox", host: "x".repeat(300), pending: [], devices: [] },
      { say: "inbox", host: "x", pending: ["x"], devices: [] },
      { say: "content", id: request.id, sha256: "ab", content: "+" },
      { say: "nothing" },
    ]) {
      await host.say(device, bad);
    }
    const next = await host.ask(["next"]);
    await phone.item(next.id);
    expect(phone.core.snapshot().items).toHaveLength(2);
    expect(await phone.item(request.id)).toEqual(before);
    expect((await phone.host(host.id)).link).toBe("connected");
    expect((await phone.host(host.id)).name).toBe("box");
    expect(phone.core.snapshot().trouble).toBeUndefined();
  });

  test("a flood is cut off, and told", async () => {
    const { host, phone } = await paired();
    const first = await host.ask(["first"]);
    await phone.item(first.id);
    const items = (tx: Tx) => tx.all("items");
    const db = openDb(phone.factory);
    await db.change(["items"], async (tx) => {
      const [row] = await items(tx);
      if (row === undefined) throw new Error("it was there a moment ago");
      for (let count = 1; count < MAX_OPEN; count += 1) await tx.put("items", { ...row, id: String(count) });
    });
    await host.ask(["one too many"]);
    const { trouble } = await phone.when((snapshot) => snapshot.trouble !== undefined);
    expect(trouble).toMatch(/^A host asks more than this phone can hold/);
    expect(await db.read(["items"], items)).toHaveLength(MAX_OPEN);
    // One that is over makes room.
    await host.become(first, "expired");
    await phone.item(first.id, ({ standing }) => standing === "expired");
    await phone.item((await host.ask(["fits"])).id);
  });

  test("one host's words are not taken for another's", async () => {
    const [one, other] = [new FakeHost(), new FakeHost()];
    other.name = "other";
    const phone = new Phone([one, other]);
    const device = await phone.pair(one);
    await phone.pair(other, "ed25519", "phone", "https://other.example");
    const request = await one.ask(["true"]);
    await phone.item(request.id);
    bring(one, device, await other.seal(device, { say: "revoked" }));
    const next = await one.ask(["next"]);
    await phone.item(next.id);
    expect((await phone.host(one.id)).link).toBe("connected");
  });
});

describe("the audit log", () => {
  test("a log that goes back is an alarm, until a person has seen it", async () => {
    const { host, phone, device } = await paired();
    await host.ask(["true"]);
    await phone.host(host.id, ({ log }) => log?.count === 8);
    host.now += 60_000;
    phone.clock.now += 60_000;
    host.log.pop();
    await host.say(device, { say: "test", nonce: "cd".repeat(32) });
    const { alarm } = await phone.host(host.id, (known) => known.alarm !== undefined);
    expect(alarm).toEqual({ kind: "back", atMs: phone.clock.now, count: 7 });
    host.append();
    await host.say(device, { say: "test", nonce: "ce".repeat(32) });
    await phone.host(host.id, ({ log }) => log?.count === 8);
    expect((await phone.host(host.id)).alarm).toEqual(alarm);
    await phone.core.dismissAlarm(host.id);
    await phone.host(host.id, (known) => known.alarm === undefined);
    await host.say(device, { ...host.inbox(7), devices: marked("done") });
    expect((await phone.host(host.id, (known) => markOf(known) === "done")).alarm).toBeUndefined();
  });

  test("the entry that this phone knows is asked for with each connection", async () => {
    const { host, phone } = await paired();
    await host.ask(["true"]);
    await phone.host(host.id, ({ log }) => log?.count === 8);
    host.log = host.log.map(({ count }) => ({ count, hash: hash(`another ${count}`) }));
    host.append();
    host.restart();
    await phone.host(host.id, ({ link }) => link === "offline");
    phone.core.retry();
    const { alarm } = await phone.host(host.id, (known) => known.alarm !== undefined);
    expect(alarm).toMatchObject({ kind: "fork", count: 9 });
    const listens = host.heard.filter(({ say }) => say === "listen");
    expect(listens.map(({ known }) => known)).toEqual([undefined, 8]);
  });
});

describe("a file's content", () => {
  async function asks(content: string | null | undefined, said = "hello\n") {
    const { host, phone, device } = await paired();
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    const named = { id: request.id, sha256: hash(said) };
    const answer = phone.core.content(host.id, named.id, named.sha256);
    await host.when(() => host.heard.some(({ say }) => say === "content"));
    expect(host.heard.at(-1)).toMatchObject(named);
    if (content !== undefined) await host.say(device, { say: "content", ...named, content });
    return { answer, phone };
  }
  const written = (text: string | Buffer) => Buffer.from(text).toString("base64url");

  test("is text when its hash is right", async () => {
    expect(await (await asks(written("hello\n"))).answer).toEqual({ kind: "text", text: "hello\n" });
  });

  test("is wrong when it is another", async () => {
    expect(await (await asks(written("hello"))).answer).toEqual({ kind: "wrong" });
  });

  test("is bytes when it is no text", async () => {
    expect(await (await asks(written("a\0b"), "a\0b")).answer).toEqual({ kind: "bytes", size: 3 });
  });

  test("is gone when the host does not have it", async () => {
    expect(await (await asks(null)).answer).toEqual({ kind: "gone" });
  });

  test("does not come: one line", async () => {
    const { answer, phone } = await asks(undefined);
    const failure = expect(answer).rejects.toThrow("The host did not answer. Try again.");
    await phone.clock.asleep(20_000);
    phone.clock.advance(20_000);
    await failure;
  });
});

test("history is cleared, what waits is not", async () => {
  const { host, phone } = await paired();
  const [over, waits] = [await host.ask(["a"]), await host.ask(["b"])];
  await phone.item(waits.id);
  await host.become(over, "expired");
  await phone.item(over.id, ({ standing }) => standing === "expired");
  await phone.core.clearHistory();
  expect(phone.core.snapshot().items.map(({ id }) => id)).toEqual([waits.id]);
});

test("all sizes of messages arrive", async () => {
  const { host, phone } = await paired();
  for (const size of SIZES.slice(0, 7)) {
    const request = await host.ask(["x".repeat(Math.min(size, 120_000) - 300)]);
    expect((await phone.item(request.id)).request).toBe(request.bytes);
  }
});
