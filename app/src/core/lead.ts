// One page at a time: the one that somebody has looked at last (Web Locks).

import type { World } from "./world.ts";

/** The locks of a browser. */
export type Locks = Pick<LockManager, "request">;

/** When somebody looks at this page, and whether it is so now. */
export interface Eyes {
  looks(): boolean;
  onLook(look: () => void): () => void;
}

/** Without locks each page does it. */
export const alone: World["lead"] = (_, signal, work) => work(signal);

export function leadBy(locks: Locks, eyes: Eyes): World["lead"] {
  return async (name, signal, work) => {
    let steal = eyes.looks();
    while (!signal.aborted) {
      const waiting = new AbortController();
      const holding = new AbortController();
      const stop = () => {
        waiting.abort();
        holding.abort();
      };
      signal.addEventListener("abort", stop);
      const blind = eyes.onLook(() => {
        steal = true;
        waiting.abort();
      });
      // Whoever holds it already goes on when somebody looks again.
      const options: LockOptions = steal ? { steal } : { signal: waiting.signal };
      steal = false;
      try {
        return await locks.request(name, options, () => {
          blind();
          return work(holding.signal);
        });
      } catch {
        // Another page has taken it away; or somebody looks here, and it is this page's turn to take it.
      } finally {
        holding.abort();
        blind();
        signal.removeEventListener("abort", stop);
      }
    }
  };
}
