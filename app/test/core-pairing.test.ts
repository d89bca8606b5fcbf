// From a link to a host.

import { describe, expect, test } from "vitest";

import { openDb } from "../src/core/db.ts";
import { readInvitation } from "../src/core/pairing.ts";
import type { PairingStep } from "../src/core/types.ts";
import { seal } from "../src/seal/index.ts";
import { boxKeyFrom } from "../src/seal/keys.ts";
import { random } from "../src/seal/envelope.ts";
import { utf8 } from "../src/seal/bytes.ts";
import { FakeHost } from "./host.ts";
import { Phone, settle } from "./phone.ts";

function fresh(): { host: FakeHost; phone: Phone } {
  const host = new FakeHost();
  return { host, phone: new Phone([host]) };
}

/** Answers a link. `until` resolves when a step of this name comes. */
function answer(phone: Phone, link: string, label = "phone") {
  const steps: PairingStep[] = [];
  const watchers = new Set<() => void>();
  const { stop } = phone.core.pair(link, label, "ed25519", (step) => {
    steps.push(step);
    for (const watcher of watchers) watcher();
  });
  const until = (name: PairingStep["step"]) =>
    new Promise<PairingStep>((resolve) => {
      const look = () => {
        const found = steps.find(({ step }) => step === name);
        if (found !== undefined) resolve(found);
      };
      watchers.add(look);
      look();
    });
  return { steps, until, stop };
}

const stored = (phone: Phone) =>
  openDb(phone.factory).read(["hosts", "keys"], async (tx) => {
    return [...(await tx.all("hosts")), ...(await tx.all("keys"))];
  });

test("both sides show the same words, and nothing is stored before root has said yes", async () => {
  const { host, phone } = fresh();
  const { steps, until } = answer(phone, host.root.invite());
  expect(await until("words")).toEqual({ step: "words", words: host.root.words() });
  expect(host.root.words()).toMatch(/^[a-z]+( [a-z]+){3}$/);
  expect(await stored(phone)).toEqual([]);
  await host.root.confirm(true);
  await until("paired");
  expect(steps.map(({ step }) => step)).toEqual(["answering", "words", "paired"]);
  const known = await phone.host(host.id, ({ devices }) => devices.length > 0);
  expect(known.link).toBe("connected");
  expect(known).toMatchObject({ name: "box", address: "https://box.example", label: "phone" });
  expect(known.devices).toEqual([
    { key: known.device, approver: "owner", label: "phone", kind: "ed25519", listens: true },
  ]);
  expect(known.log).toEqual({ count: 7, hash: host.log[0]?.hash });
});

test("root says no", async () => {
  const { host, phone } = fresh();
  const { steps, until } = answer(phone, host.root.invite());
  await until("words");
  await host.root.confirm(false);
  await until("refused");
  expect(steps.map(({ step }) => step)).toEqual(["answering", "words", "refused"]);
  expect(await stored(phone)).toEqual([]);
});

test("a host that breaks its commitment is not to be confirmed", async () => {
  const { host, phone } = fresh();
  host.root.revealed = (reveal) => reveal.map((byte) => byte ^ 1);
  const { steps, until } = answer(phone, host.root.invite());
  expect(await until("failed")).toMatchObject({ why: expect.stringMatching(/^Somebody may be in between/) });
  expect(steps.map(({ step }) => step)).toEqual(["answering", "failed"]);
});

test("a connection that breaks is made again, with the same answer", async () => {
  const { host, phone } = fresh();
  const { steps, until } = answer(phone, host.root.invite());
  await until("words");
  host.root.breakOff();
  await phone.clock.asleep(2_000);
  phone.clock.advance(2_000);
  await host.root.confirm(true);
  await until("paired");
  expect(steps.map(({ step }) => step)).toEqual(["answering", "words", "paired"]);
});

test("root has said yes while this phone was away: the host lets it listen", async () => {
  const { host, phone } = fresh();
  const { until } = answer(phone, host.root.invite());
  await until("words");
  host.weather.pair = "offline";
  host.root.breakOff();
  await phone.clock.asleep(2_000);
  await host.root.confirm(true);
  host.root.end();
  host.weather.pair = "fair";
  phone.clock.advance(2_000);
  await until("paired");
  await phone.host(host.id, ({ link }) => link === "connected");
});

test("root has gone away without a yes: nothing is paired", async () => {
  const { host, phone } = fresh();
  const { until } = answer(phone, host.root.invite());
  await until("words");
  host.root.end();
  await phone.clock.asleep(2_000);
  phone.clock.advance(2_000);
  expect(await until("failed")).toMatchObject({ why: expect.stringMatching(/make a new one there\.$/) });
  expect(await stored(phone)).toEqual([]);
});

test("nobody waits for an answer", async () => {
  const { host, phone } = fresh();
  const link = host.root.invite();
  host.root.end();
  expect(await answer(phone, link).until("failed")).toMatchObject({
    why: "The host does not wait for an answer to this link: make a new one there.",
  });
});

test("a host that cannot be reached is tried for a while", async () => {
  const { host, phone } = fresh();
  host.weather.pair = "offline";
  const { steps, until } = answer(phone, host.root.invite());
  await phone.clock.asleep(2_000);
  expect(steps.map(({ step }) => step)).toEqual(["answering"]);
  phone.clock.advance(15 * 60_000);
  const { why } = (await until("failed")) as { why: string };
  expect(why).toMatch(/^The host could not be reached/);
});

test("who stops hears no more, and nothing is stored", async () => {
  const { host, phone } = fresh();
  const { steps, until, stop } = answer(phone, host.root.invite());
  await until("words");
  stop();
  await host.root.confirm(true);
  await settle();
  expect(steps.map(({ step }) => step)).toEqual(["answering", "words"]);
  expect(await stored(phone)).toEqual([]);
});

test("what strangers put in between is passed over", async () => {
  const { host, phone } = fresh();
  const { until } = answer(phone, host.root.invite());
  await until("words");
  const stranger = boxKeyFrom(random(32));
  const to = boxKeyFrom(random(32)).publicKey;
  const forged = await seal("pairing", stranger, to, utf8('{"step":"paired"}'));
  host.root.inject(forged, random(512), new Uint8Array(0));
  await host.root.say({ step: "dance" });
  await host.root.confirm(true);
  await until("paired");
});

describe("a host that is known already", () => {
  test("keeps its history, and gets new keys only when root has said yes", async () => {
    const { host, phone } = fresh();
    const before = await phone.pair(host);
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    const link = host.root.invite();
    expect(phone.core.invitation(link)).toMatchObject({ known: true, hostKey: host.id, hostName: "box" });
    const refused = answer(phone, link, "new");
    await refused.until("words");
    await host.root.confirm(false);
    await refused.until("refused");
    expect((await phone.host(host.id)).device).toBe(before.name);
    await phone.core.decide(host.id, request.id, request.digest, "deny", "");
    expect(request.answer?.device).toBe(before.name);

    const after = await phone.pair(host, "ed25519", "new");
    expect((await phone.host(host.id)).device).toBe(after.name);
    expect(after.name).not.toBe(before.name);
    expect((await phone.item(request.id)).standing).toBe("denied");
    const second = await host.ask(["true"]);
    await phone.item(second.id);
    await phone.core.decide(host.id, second.id, second.digest, "approve", "");
    expect(second.answer?.device).toBe(after.name);
  });

  test("is forgotten with all that is kept of it", async () => {
    const { host, phone } = fresh();
    await phone.pair(host);
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    await phone.core.forget(host.id);
    await phone.when(({ hosts, items }) => hosts.length === 0 && items.length === 0);
    expect(await stored(phone)).toEqual([]);
    await host.when(() => host.streams.size === 0);
  });
});

describe("links", () => {
  const HOME = "https://box.example";
  const link = (address: string) => new FakeHost().root.invite(address);

  test("are read whole, as a fragment, and with blanks around them; and hidden", () => {
    const { host, phone } = fresh();
    const whole = host.root.invite();
    const fragment = whole.slice(whole.indexOf("#"));
    for (const text of [whole, fragment, `  ${whole}\n`]) {
      expect(phone.core.invitation(text)).toEqual({
        ...{ hostName: "box", hostKey: host.id, address: "https://box.example", known: false },
        expiresMs: host.now + 600_000,
      });
    }
    expect(phone.hidden).toBe(3);
    for (const text of ["", "#pair=", "https://box.example/", fragment.slice(0, -1), `${fragment}A`]) {
      expect(phone.core.invitation(text), text).toBeUndefined();
    }
  });

  test("lead to https, or to this very machine", () => {
    const good = ["https://other.example", "https://other.example:8443/a", "http://localhost:7443"];
    for (const address of good) {
      expect(readInvitation(link(address), HOME)?.address).toBe(address);
    }
    expect(readInvitation(link(""), HOME)?.address).toBe(HOME);
    for (const address of [
      ...["http://other.example", "ftp://x", "javascript:alert(1)", "other.example"],
      ...["https://u:p@other.example", "https://other.example/", "https://other.example?x"],
      ...["https://other.example#x", "https://OTHER.example"],
    ]) {
      expect(readInvitation(link(address), HOME), address).toBeUndefined();
    }
  });

  test("a name for this phone has 1 to 64 bytes", async () => {
    const { host, phone } = fresh();
    for (const label of ["", "é".repeat(33), "\ud800"]) {
      expect(await answer(phone, host.root.invite(), label).until("failed")).toMatchObject({
        why: "This phone's name must have 1 to 64 bytes.",
      });
    }
    await answer(phone, host.root.invite(), "é".repeat(32)).until("words");
  });
});
