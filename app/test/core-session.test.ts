// Listening: again after each failure, later and later, and by one page at a time.

import { describe, expect, test } from "vitest";

import { type Carrier, CarrierError } from "../src/core/carrier.ts";
import { leadBy, type Locks } from "../src/core/lead.ts";
import { FakeHost } from "./host.ts";
import { Phone, settle } from "./phone.ts";

async function paired() {
  const host = new FakeHost();
  const phone = new Phone([host]);
  await phone.pair(host);
  return { host, phone };
}

const listens = (host: FakeHost) => host.heard.filter(({ say }) => say === "listen").length;

test("a connection that breaks is made again after a pause, which grows with each failure", async () => {
  const { host, phone } = await paired();
  host.weather.listen = "offline";
  host.restart();
  // Half of it to all of it, at random: 1, 2, 4 … 60 seconds.
  for (const longest of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    await phone.clock.asleep(longest / 2, longest);
    expect((await phone.host(host.id)).link).toBe("offline");
    phone.clock.advance(longest);
  }
  await phone.clock.asleep(30_000, 60_000);
  host.weather.listen = "fair";
  const before = listens(host);
  phone.clock.advance(60_000);
  await phone.host(host.id, ({ link }) => link === "connected");
  expect(listens(host)).toBe(before + 1);
});

test("somebody looks: no pause", async () => {
  const { host, phone } = await paired();
  host.weather.listen = "offline";
  host.restart();
  await phone.clock.asleep(500, 1_000);
  host.weather.listen = "fair";
  phone.wake();
  await phone.host(host.id, ({ link }) => link === "connected");
});

test("somebody looks: a connection that may be dead is made anew, a fresh one is not", async () => {
  const { host, phone } = await paired();
  const before = listens(host);
  phone.wake();
  await settle();
  expect(listens(host)).toBe(before);
  phone.clock.now += 20_001;
  phone.wake();
  await host.when(() => listens(host) === before + 1 && host.streams.size === 1);
});

test("a host that wants to be left alone for a while is", async () => {
  const { host, phone } = await paired();
  const { listen } = host.carrier;
  (host.carrier as { listen: Carrier["listen"] }).listen = () => {
    throw new CarrierError("busy", 90_000);
  };
  host.restart();
  await phone.clock.asleep(500, 1_000);
  phone.clock.advance(1_000);
  await phone.clock.asleep(90_000);
  (host.carrier as { listen: Carrier["listen"] }).listen = listen;
  phone.clock.advance(90_000);
  await phone.host(host.id, ({ link }) => link === "connected");
});

test("a host that has removed this phone is not asked again", async () => {
  const { host, phone } = await paired();
  const [device] = host.devices;
  if (device === undefined) throw new Error("no device");
  const before = listens(host);
  await host.revoke(device);
  await phone.host(host.id, ({ link }) => link === "revoked");
  phone.core.retry();
  await settle();
  expect(listens(host)).toBe(before);
});

test("two pages show the same", async () => {
  const { host, phone } = await paired();
  const first = phone.core;
  const second = phone.open();
  const request = await host.ask(["true"]);
  await phone.item(request.id);
  phone.core = second;
  await phone.item(request.id);
  await second.decide(host.id, request.id, request.digest, "deny", "");
  phone.core = first;
  const item = await phone.item(request.id, ({ standing }) => standing === "denied");
  expect(item.answer?.verdict).toBe("deny");
  expect(host.posts).toBe(1);
});

describe("one page leads", () => {
  /** Locks as in browsers, but for their queue's fairness. */
  class FakeLocks {
    private holder: { readonly steal: () => void } | undefined;
    private readonly queue: (() => void)[] = [];

    readonly request = (async (_: string, options: LockOptions, work: () => Promise<void>): Promise<void> => {
      if (options.steal === true) this.holder?.steal();
      while (this.holder !== undefined) {
        await new Promise<void>((resolve, reject) => {
          this.queue.push(resolve);
          options.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
        });
      }
      let steal = () => {};
      const stolen = new Promise<never>((_, reject) => {
        steal = () => {
          this.holder = undefined;
          reject(new DOMException("", "AbortError"));
        };
      });
      const mine = { steal };
      this.holder = mine;
      try {
        await Promise.race([work(), stolen]);
      } finally {
        if (this.holder === mine) this.holder = undefined;
        for (const next of this.queue.splice(0)) next();
      }
    }) as unknown as Locks["request"];
  }

  class Tab {
    looked = false;
    leads = 0;
    private look = new Set<() => void>();
    readonly stop = new AbortController();
    readonly done: Promise<void>;

    constructor(locks: FakeLocks, looked: boolean) {
      this.looked = looked;
      const eyes = {
        looks: () => this.looked,
        onLook: (look: () => void) => {
          this.look.add(look);
          return () => this.look.delete(look);
        },
      };
      const lead = leadBy(locks, eyes);
      this.done = lead("x", this.stop.signal, async (signal) => {
        this.leads += 1;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        this.leads -= 1;
      });
    }

    see(): void {
      for (const look of this.look) look();
    }
  }

  test("the one that was looked at last; when it is closed, another", async () => {
    const locks = new FakeLocks();
    const one = new Tab(locks, true);
    await settle();
    const two = new Tab(locks, true);
    const hidden = new Tab(locks, false);
    await settle();
    expect([one.leads, two.leads, hidden.leads]).toEqual([0, 1, 0]);
    one.see();
    await settle();
    expect([one.leads, two.leads, hidden.leads]).toEqual([1, 0, 0]);
    // Who leads already goes on.
    one.see();
    await settle();
    expect([one.leads, two.leads, hidden.leads]).toEqual([1, 0, 0]);
    one.stop.abort();
    await one.done;
    await settle();
    expect(one.leads).toBe(0);
    expect(two.leads + hidden.leads).toBe(1);
    two.stop.abort();
    hidden.stop.abort();
    await Promise.all([two.done, hidden.done]);
    expect([two.leads, hidden.leads]).toEqual([0, 0]);
  });
});
