// Answers: what is signed, when it is sent, and what a person is told of it.

import { describe, expect, test } from "vitest";

import { openDb } from "../src/core/db.ts";
import { whyOf } from "../src/core/carrier.ts";
import { FakeHost } from "./host.ts";
import { Phone, settle } from "./phone.ts";

async function paired() {
  const host = new FakeHost();
  const phone = new Phone([host]);
  return { host, phone, device: await phone.pair(host) };
}

/** A host that asks, and a phone that has been told. */
async function asked(timeoutMs = 120_000) {
  const all = await paired();
  const request = await all.host.ask(["true"], timeoutMs);
  await all.phone.item(request.id);
  const decide = (verdict: "approve" | "deny", note = "", digest = request.digest) =>
    all.phone.core.decide(all.host.id, request.id, digest, verdict, note);
  return { ...all, request, decide };
}

const outbox = (phone: Phone) => openDb(phone.factory).read(["outbox"], (tx) => tx.all("outbox"));

test("a no with a note", async () => {
  const { phone, request, decide } = await asked();
  await decide("deny", "not on a Friday");
  expect(request.answer?.statement).toMatchObject({ verdict: "deny", note: "not on a Friday" });
  const item = await phone.item(request.id, ({ standing }) => standing === "denied");
  expect(item.answer).toEqual({ verdict: "deny", note: "not on a Friday", atMs: phone.clock.now });
  expect(item.by).toEqual({ approver: "owner", thisPhone: true });
});

test("a22: an answer to something else than is here signs nothing", async () => {
  const { host, phone, request, decide } = await asked();
  const other = await host.ask(["other"]);
  await phone.item(other.id);
  await decide("approve", "", other.digest);
  expect(host.posts).toBe(0);
  expect(phone.core.snapshot().trouble).toMatch(/^Another request had come in its place/);
  expect((await phone.item(request.id)).standing).toBe("waits");
  expect(await outbox(phone)).toEqual([]);
});

test("a22: the same name with another content is an alarm, and not taken in", async () => {
  const { host, phone, device, request } = await asked();
  const other = host.imitation(request, device);
  await host.say(device, other);
  const { trouble } = await phone.when((snapshot) => snapshot.trouble !== undefined);
  expect(trouble).toBe(
    `Request ${request.code} came again with other content, and was not taken in. ` +
      "Look at the host before you answer.",
  );
  expect((await phone.item(request.id)).request).toBe(request.bytes);
  // The alarm is not lost by what a person does next, but by their looking at it.
  await phone.core.decide(host.id, request.id, other.digest, "approve", "");
  expect(host.posts).toBe(0);
  expect(phone.core.snapshot().trouble).toBe(trouble);
  phone.core.retry();
  expect(phone.core.snapshot().trouble).toBeUndefined();
});

test("two taps are one answer", async () => {
  const { host, request, phone, decide } = await asked();
  await Promise.all([decide("approve"), decide("deny"), decide("approve")]);
  expect(host.posts).toBe(1);
  await decide("deny");
  expect(host.posts).toBe(1);
  const verdict = request.answer?.statement.verdict;
  expect((await phone.item(request.id)).answer?.verdict).toBe(verdict);
});

test("a note that is too long is told, and nothing is lost", async () => {
  const { host, phone, request, decide } = await asked();
  await decide("deny", "é".repeat(251));
  expect(phone.core.snapshot().trouble).toBe("The note is too long: shorten it.");
  expect(host.posts).toBe(0);
  await decide("deny", "é".repeat(250));
  expect(request.answer?.statement.note).toBe("é".repeat(250));
  expect(phone.core.snapshot().trouble).toBeUndefined();
});

test("after the deadline nothing is signed", async () => {
  const { host, phone, decide } = await asked(60_000);
  phone.clock.now += 60_000;
  await decide("approve");
  expect(host.posts).toBe(0);
  expect(phone.core.snapshot().trouble).toMatch(/^The time to answer was over/);
});

describe("without a network", () => {
  test("the signed answer is kept, also when the page is closed, and sent later", async () => {
    const { host, phone, request, decide } = await asked();
    const signedAt = phone.clock.now;
    host.weather.decide = "offline";
    await decide("approve", "kept");
    expect((await phone.item(request.id)).standing).toBe("unsent");
    phone.core.stop();
    phone.clock.advance(30_000);
    host.weather.decide = "fair";
    phone.core = phone.open();
    await phone.item(request.id, ({ standing }) => standing === "approved");
    // It was signed once, when the person said it.
    expect(request.answer?.statement).toMatchObject({ note: "kept", atMs: signedAt });
    expect(await outbox(phone)).toEqual([]);
  });

  test("it is tried again by itself", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather.decide = "offline";
    await decide("approve");
    const before = host.posts;
    host.weather.decide = "fair";
    await phone.clock.asleep(2_000);
    phone.clock.advance(2_000);
    await phone.item(request.id, ({ standing }) => standing === "approved");
    expect(host.posts).toBe(before + 1);
  });

  test("a yes that has not left can be turned into a no", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather.decide = "offline";
    await decide("approve");
    await phone.item(request.id, ({ standing }) => standing === "unsent");
    host.weather.decide = "fair";
    await decide("deny");
    expect(request.answer?.statement.verdict).toBe("deny");
    expect(request.state).toBe("denied");
  });

  test("until the deadline; then the host is asked what became of it", async () => {
    const { host, phone, request, decide } = await asked(60_000);
    host.weather = { ...host.weather, decide: "offline", status: "offline", listen: "offline" };
    await decide("approve");
    host.restart();
    await settle();
    phone.clock.advance(61_000);
    await settle();
    // Nothing was heard: nothing else can be said.
    expect((await phone.item(request.id)).standing).toBe("unsent");
    request.state = "expired";
    const posts = host.posts;
    host.weather = { ...host.weather, decide: "fair", status: "fair" };
    phone.core.retry();
    await phone.item(request.id, ({ standing }) => standing === "late");
    expect(host.posts).toBe(posts);
    expect(await outbox(phone)).toEqual([]);
  });
});

describe("the host's answer was lost", () => {
  test("the host has taken it: it says so when it is asked", async () => {
    const { host, phone, request, decide } = await asked();
    // The sealed word about it is lost as well.
    host.onPost = () => host.restart();
    host.weather.decide = "answer lost";
    await decide("approve");
    expect(request.state).toBe("approved");
    host.onPost = () => {};
    host.weather.decide = "fair";
    phone.core.retry();
    await phone.item(request.id, ({ standing }) => standing === "approved");
    expect(await outbox(phone)).toEqual([]);
    expect(phone.core.snapshot().trouble).toBeUndefined();
  });
});

describe("404", () => {
  test("the host has started anew: the same statement is sealed to the new reply key", async () => {
    const { host, phone, request, decide } = await asked();
    // The phone does not know it yet when it answers.
    host.weather.listen = "offline";
    host.restart();
    await phone.host(host.id, ({ link }) => link === "offline");
    host.onPost = () => (host.weather.listen = "fair");
    await decide("approve", "again");
    expect(host.posts).toBe(2);
    expect(request.answer?.statement).toMatchObject({ verdict: "approve", note: "again" });
    await phone.item(request.id, ({ standing }) => standing === "approved" || standing === "taken");
  });

  test("somebody else was first", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather.listen = "offline";
    host.restart();
    await phone.host(host.id, ({ link }) => link === "offline");
    request.state = "denied";
    host.onPost = () => (host.weather.listen = "fair");
    await decide("approve");
    const item = await phone.item(request.id);
    expect(item).toMatchObject({ standing: "denied", answer: { verdict: "approve" } });
    expect(host.posts).toBe(1);
  });

  test("it is over, and the host does not know how", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather.listen = "offline";
    host.restart();
    await phone.host(host.id, ({ link }) => link === "offline");
    host.requests.length = 0;
    host.onPost = () => (host.weather.listen = "fair");
    await decide("approve");
    expect((await phone.item(request.id)).standing).toBe("late");
    expect(await outbox(phone)).toEqual([]);
  });

  test("the host waits, and does not want this answer: it can be given again", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather.decide = "not found";
    await decide("approve");
    expect(phone.core.snapshot().trouble).toMatch(/^The host does not take this phone's answer/);
    const item = await phone.item(request.id);
    expect([item.standing, item.answer]).toEqual(["waits", undefined]);
    expect(await outbox(phone)).toEqual([]);
    host.weather.decide = "fair";
    await decide("approve");
    expect(request.state).toBe("approved");
  });

  test("the host cannot be listened to: the answer is kept", async () => {
    const { host, phone, request, decide } = await asked();
    host.weather = { ...host.weather, decide: "not found", listen: "offline" };
    await decide("approve");
    expect((await phone.item(request.id)).standing).toBe("unsent");
    expect(await outbox(phone)).toHaveLength(1);
  });
});

test("a page and the service worker bring the same answer: it is given once", async () => {
  const { host, phone, request } = await asked();
  const { decide, deliverAll } = await import("../src/core/decide.ts");
  const worker = phone.worker();
  host.weather.decide = "offline";
  const { id, digest } = request;
  const choice = { host: host.id, id, digest, verdict: "approve", note: "" } as const;
  await decide(worker, choice);
  host.weather.decide = "fair";
  await Promise.all([deliverAll(worker), deliverAll(worker)]);
  await worker.idle();
  expect(request.state).toBe("approved");
  expect(host.posts).toBe(1);
  const item = await phone.item(id, ({ standing }) => standing !== "unsent" && standing !== "sending");
  expect(["taken", "approved"]).toContain(item.standing);
  expect(phone.core.snapshot().trouble).toBeUndefined();
});

test("a host that has removed this phone is not answered", async () => {
  const { host, phone, device, request, decide } = await asked();
  await host.revoke(device);
  expect((await phone.host(host.id, ({ link }) => link === "revoked")).link).toBe("revoked");
  await phone.item(request.id, ({ standing }) => standing === "over");
  await decide("approve");
  expect(host.posts).toBe(0);
});

test("what is no carrier's failure is not taken for one", () => {
  expect(() => whyOf(new TypeError("a bug"))).toThrow("a bug");
});
