// Answers that could not be brought yet: tried again and again, as long as this page lives.

import { deliverAll } from "./decide.ts";
import type { World } from "./world.ts";

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

export interface Outbox {
  /** The network may be back: tries now. */
  wake(): void;
  /** Something may have been put in that was tried just now: tries after a while. */
  watch(): void;
  stop(): void;
}

export function keepDelivering(world: World): Outbox {
  let asleep = new AbortController();
  let running = false;
  let stopped = false;

  const run = async (first: boolean) => {
    for (let failures = 0, now = first; !stopped; now = true) {
      if (now && !(await deliverAll(world))) return;
      asleep = new AbortController();
      await world.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), asleep.signal);
      failures = asleep.signal.aborted ? 0 : failures + 1;
    }
  };
  const start = (now: boolean) => {
    if (running) return;
    running = true;
    world.later(() => run(now).finally(() => (running = false)));
  };

  return {
    wake: () => {
      asleep.abort();
      start(true);
    },
    watch: () => start(false),
    stop: () => {
      stopped = true;
      asleep.abort();
    },
  };
}
