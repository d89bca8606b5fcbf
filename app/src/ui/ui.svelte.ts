// What all screens share: the core's snapshot, the time, where we are. Nothing of hosts or requests is held
// here beside the snapshot.

import type { Core, Host, Item, Snapshot } from "../core/types.ts";
import type { Clock } from "./clock.ts";
import type { Platform } from "./platform.ts";
import { PressGuard } from "./request/guard.ts";
import { type Route, routeOf, toPair } from "./routes.ts";

export class Ui {
  snapshot: Snapshot = $state.raw({
    ready: false,
    hosts: [],
    items: [],
    can: { passkey: false, push: false, safeKeys: true },
  });
  wallMs = $state(0);
  steadyMs = $state(0);
  route: Route = $state.raw({ screen: "inbox" });
  /** How often somebody began to look at this page. */
  looks = $state(0);
  /** For screen readers. */
  said = $state("");

  /** Those that wait for an answer. The first to ask is first: one that comes later moves none of them. */
  readonly waiting: readonly Item[] = $derived(
    this.snapshot.items
      .filter((item) => this.canAnswer(item))
      .sort((one, other) => one.askedAtMs - other.askedAtMs),
  );

  readonly press = new PressGuard();
  readonly core: Core;
  readonly clock: Clock;
  readonly platform: Platform;

  constructor(core: Core, clock: Clock, platform: Platform) {
    this.core = core;
    this.clock = clock;
    this.platform = platform;
  }

  /** Starts to follow the core, the clock and the address; returns how to stop. */
  follow(): () => void {
    this.snapshot = this.core.snapshot();
    const tick = () => {
      this.wallMs = this.clock.wallMs();
      this.steadyMs = this.clock.steadyMs();
    };
    const look = () => {
      if (document.visibilityState === "visible") this.looks += 1;
    };
    const go = () => {
      this.route = routeOf(location.hash);
      // A link holds a secret: it does not stay in the address bar or in the history.
      if (location.hash.startsWith("#pair=")) history.replaceState(history.state, "", toPair);
    };
    tick();
    go();
    window.addEventListener("hashchange", go);
    document.addEventListener("visibilitychange", look);
    const stops = [this.core.subscribe((snapshot) => (this.snapshot = snapshot)), this.clock.onTick(tick)];
    return () => {
      for (const stop of stops) stop();
      window.removeEventListener("hashchange", go);
      document.removeEventListener("visibilitychange", look);
    };
  }

  /** Whether an answer can still count. */
  canAnswer(item: Item): boolean {
    return item.standing === "waits" && this.wallMs < item.deadlineMs;
  }

  host(id: string): Host | undefined {
    return this.snapshot.hosts.find((host) => host.id === id);
  }

  item(host: string, id: string): Item | undefined {
    return this.snapshot.items.find((item) => item.host === host && item.id === id);
  }
}
