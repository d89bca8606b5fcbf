// A core without hosts, keys or network: it does what a test says.

import type { Clock } from "../../src/ui/clock.ts";
import type {
  ContentAnswer,
  Core,
  Host,
  Invitation,
  Item,
  PairingStep,
  SignerKind,
  Snapshot,
  Verdict,
} from "../../src/core/types.ts";
import { NOW_MS, SCRIPT } from "./samples.ts";

export interface Decided {
  readonly host: string;
  readonly id: string;
  readonly digest: string;
  readonly verdict: Verdict;
  readonly note: string;
}

/** Time goes on when a test says so. */
export class FakeClock implements Clock {
  private ms = 0;
  private readonly ticks = new Set<() => void>();

  wallMs(): number {
    return NOW_MS + this.ms;
  }

  steadyMs(): number {
    return this.ms;
  }

  onTick(tick: () => void): () => void {
    this.ticks.add(tick);
    return () => this.ticks.delete(tick);
  }

  advance(ms: number): void {
    this.ms += ms;
    for (const tick of this.ticks) tick();
  }
}

export class FakeCore implements Core {
  private now: Snapshot;
  private readonly listeners = new Set<(snapshot: Snapshot) => void>();
  /** Everything that was called, in order. */
  readonly calls: string[] = [];
  readonly decided: Decided[] = [];
  answer: ContentAnswer = { kind: "text", text: SCRIPT };
  /** What a decision does; a passkey that fails says so in the snapshot. */
  decides: "sends" | "fails" = "sends";
  /** Tells the screen that pairs a step. */
  step: (step: PairingStep) => void = () => undefined;

  constructor(snapshot: Snapshot) {
    this.now = snapshot;
  }

  snapshot(): Snapshot {
    return this.now;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change(change: Partial<Snapshot>): void {
    this.now = { ...this.now, ...change };
    for (const listener of this.listeners) listener(this.now);
  }

  /** Adds an item, or puts it in the place of the one with its id. */
  put(item: Item): void {
    const others = this.now.items.filter(({ host, id }) => host !== item.host || id !== item.id);
    this.change({ items: [item, ...others] });
  }

  patchHost(id: string, change: Partial<Host>): void {
    this.change({ hosts: this.now.hosts.map((host) => (host.id === id ? { ...host, ...change } : host)) });
  }

  invitation(text: string): Invitation | undefined {
    if (!text.includes("#pair=good")) return undefined;
    return {
      hostName: "web-01",
      hostKey: "3f9ac21b77de0481",
      address: "https://web-01.example:8443",
      expiresMs: NOW_MS + 300_000,
      known: text.includes("known"),
    };
  }

  pair(text: string, label: string, signer: SignerKind, step: (step: PairingStep) => void): { stop(): void } {
    this.calls.push(`pair ${text} ${label} ${signer}`);
    this.step = step;
    return { stop: () => this.calls.push("stop") };
  }

  async decide(host: string, id: string, digest: string, verdict: Verdict, note: string): Promise<void> {
    if (this.decides === "fails") {
      this.change({ trouble: "The passkey was not used. Try again." });
      return;
    }
    this.decided.push({ host, id, digest, verdict, note });
    const item = this.now.items.find((one) => one.host === host && one.id === id);
    if (item === undefined) return;
    this.put({ ...item, standing: "sending", answer: { verdict, note, atMs: NOW_MS } });
  }

  shown(host: string, id: string): void {
    this.calls.push(`shown ${host} ${id}`);
  }

  async content(_host: string, _id: string, sha256: string): Promise<ContentAnswer> {
    this.calls.push(`content ${sha256}`);
    return this.answer;
  }

  async enablePush(host: string): Promise<void> {
    this.patchHost(host, { push: "on" });
  }

  async disablePush(host: string): Promise<void> {
    this.patchHost(host, { push: "off" });
  }

  async forget(host: string): Promise<void> {
    this.change({ hosts: this.now.hosts.filter(({ id }) => id !== host) });
  }

  async dismissAlarm(host: string): Promise<void> {
    const calm = this.now.hosts.map((one) => {
      const { alarm: _, ...rest } = one;
      return one.id === host ? rest : one;
    });
    this.change({ hosts: calm });
  }

  async clearHistory(): Promise<void> {
    this.change({ items: this.now.items.filter(({ standing }) => standing === "waits") });
  }

  retry(): void {
    this.calls.push("retry");
    const { trouble: _, ...rest } = this.now;
    this.now = rest;
    this.change({});
  }
}
