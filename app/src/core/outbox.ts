// Answers that could not be brought yet: tried again and again, as long as this page lives.

import { deliverAll } from "./decide.ts";
import type { World } from "./world.ts";

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

export interface Outbox {
  /** Something was put in, or the network is back. */
  wake(): void;
  stop(): void;
}

export function keepDelivering(world: World): Outbox {
  let asleep: AbortController | undefined;
  let running = false;
  let again = false;
  let stopped = false;

  const run = async () => {
    for (let failures = 0; !stopped; failures += 1) {
      again = false;
      if (!(await deliverAll(world))) {
        if (!again) return;
        continue;
      }
      asleep = new AbortController();
      await world.sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), asleep.signal);
      if (asleep.signal.aborted) failures = -1;
      asleep = undefined;
    }
  };

  return {
    wake: () => {
      again = true;
      asleep?.abort();
      if (running) return;
      running = true;
      world.later(() => run().finally(() => (running = false)));
    },
    stop: () => {
      stopped = true;
      asleep?.abort();
    },
  };
}
