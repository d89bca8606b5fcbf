// A phone in memory: the core over a database of its own, with a clock that tests move.

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";

import type { Carrier } from "../src/core/carrier.ts";
import { type RunningCore, startCore } from "../src/core/core.ts";
import { alone } from "../src/core/lead.ts";
import { openDb } from "../src/core/db.ts";
import type { Pushes } from "../src/core/push.ts";
import type { Host, Item, PairingStep, SignerKind, Snapshot } from "../src/core/types.ts";
import type { News, Passkeys, World } from "../src/core/world.ts";
import { random } from "../src/seal/envelope.ts";
import type { Device, FakeHost } from "./host.ts";

globalThis.IDBKeyRange = IDBKeyRange;

export interface Options {
  readonly passkeys?: Passkeys;
  readonly pushes?: Pushes;
}

interface Sleeper {
  readonly ms: number;
  readonly until: number;
  readonly wake: () => void;
}

/** Time, as far as this phone knows. */
export class Clock {
  now: number;
  private readonly sleepers = new Set<Sleeper>();
  private readonly watchers = new Set<() => void>();

  constructor(now: number) {
    this.now = now;
  }

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = () => {
        this.sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { ms, until: this.now + ms, wake };
      this.sleepers.add(sleeper);
      for (const watcher of this.watchers) watcher();
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });

  /** Resolves when somebody sleeps for this long. */
  asleep(least: number, most = least): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (![...this.sleepers].some(({ ms }) => ms >= least && ms <= most)) return;
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
      look();
    });
  }

  advance(ms: number): void {
    this.now += ms;
    for (const sleeper of [...this.sleepers]) if (sleeper.until <= this.now) sleeper.wake();
  }
}

/** What is kept when a page is closed. */
export class Phone {
  readonly factory = new IDBFactory();
  readonly clock = new Clock(Date.UTC(2026, 0, 1, 0, 0, 17));
  readonly hosts: readonly FakeHost[];
  core: RunningCore;
  wake: () => void = () => {};
  hidden = 0;
  private readonly options: Options;
  private readonly pages = new Set<(news: News) => void>();

  constructor(hosts: readonly FakeHost[], options: Options = {}) {
    this.hosts = hosts;
    this.options = options;
    this.core = this.open();
  }

  /** Opens a page. */
  open(): RunningCore {
    let hear: (news: News) => void = () => {};
    const post = (news: News) => {
      for (const page of this.pages) if (page !== hear) queueMicrotask(() => page(news));
    };
    return startCore(this.outside(), {
      home: "https://box.example",
      ...(this.options.pushes && { pushes: this.options.pushes }),
      hideLink: () => (this.hidden += 1),
      onWake: (wake) => (this.wake = wake),
      channel: {
        post,
        onNews: (listener) => {
          hear = listener;
          this.pages.add(hear);
        },
      },
    });
  }

  /** A world for what has no page: the service worker. `idle` resolves when nothing is left to do. */
  worker(): World & { idle(): Promise<void> } {
    const left = new Set<Promise<void>>();
    return {
      ...this.outside(),
      tell: (news) => {
        for (const page of this.pages) page(news);
      },
      later: (work) => {
        const done = work().finally(() => left.delete(done));
        left.add(done);
      },
      idle: async () => {
        while (left.size > 0) await Promise.all(left);
      },
    };
  }

  private outside(): Omit<World, "tell" | "later"> {
    return {
      db: openDb(this.factory),
      carrier: (address) => this.carrier(address),
      now: () => this.clock.now,
      draw: random,
      sleep: this.clock.sleep,
      lead: alone,
      ...(this.options.passkeys && { passkeys: this.options.passkeys }),
    };
  }

  private carrier(address: string): Carrier {
    const host = this.hosts.find(({ name }) => address === `https://${name}.example`);
    if (host === undefined) throw new Error(`nothing is at ${address}`);
    return host.carrier;
  }

  /** Resolves with the snapshot, once it is like this. */
  async when(condition: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    return new Promise((resolve) => {
      let stop = () => {};
      const look = (snapshot: Snapshot) => {
        if (!condition(snapshot)) return;
        stop();
        resolve(snapshot);
      };
      stop = this.core.subscribe(look);
      look(this.core.snapshot());
    });
  }

  /** The request, once it is like this. */
  async item(id: string, condition: (item: Item) => boolean = () => true): Promise<Item> {
    const found = (snapshot: Snapshot) => snapshot.items.find((item) => item.id === id && condition(item));
    const item = found(await this.when((snapshot) => found(snapshot) !== undefined));
    if (item === undefined) throw new Error("it was there a moment ago");
    return item;
  }

  async host(id: string, condition: (host: Host) => boolean = () => true): Promise<Host> {
    const found = (snapshot: Snapshot) => snapshot.hosts.find((host) => host.id === id && condition(host));
    const host = found(await this.when((snapshot) => found(snapshot) !== undefined));
    if (host === undefined) throw new Error("it was there a moment ago");
    return host;
  }

  /** Pairs with a host, whose root compares the words. */
  async pair(
    host: FakeHost,
    signer: SignerKind = "ed25519",
    label = "phone",
    address = "",
  ): Promise<Device> {
    const steps: PairingStep[] = [];
    let device: Device | undefined;
    await new Promise<void>((resolve, reject) => {
      this.core.pair(host.root.invite(address), label, signer, (step) => {
        steps.push(step);
        if (step.step === "paired") resolve();
        if (step.step === "failed" || step.step === "refused") reject(new Error(JSON.stringify(step)));
        if (step.step !== "words") return;
        if (step.words !== host.root.words()) reject(new Error("other words"));
        void host.root.confirm(true).then((confirmed) => (device = confirmed));
      });
    });
    host.root.end();
    if (device === undefined) throw new Error("nobody confirmed");
    const { name } = device;
    await this.host(host.id, (known) => known.device === name && known.link === "connected");
    await host.when(() => [...host.streams].some((one) => one.device.name === name));
    return device;
  }
}

/** Lets things run, where a test says that nothing comes of them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
