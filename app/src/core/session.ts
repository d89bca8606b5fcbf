// One host, listened to as long as this page lives and no other page does it.

import { CarrierError } from "./carrier.ts";
import { hear, sealFor } from "./inbox.ts";
import type { Link, World } from "./world.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A connection that lasted this long was a good one: the next pause is short again. */
const GOOD_MS = 30_000;
/** The host says something every 15 seconds; a phone that slept does not know that it hung up. */
const STALE_MS = 20_000;

export interface Session {
  /** Somebody looks, or the network is back: connects at once, unless a connection was heard of just now. */
  wake(): void;
  /** How it stands; nothing when another page listens. */
  link(): Link | undefined;
  stop(): void;
}

/** Listens until it is stopped, or the host has removed this phone. `caughtUp` follows each inbox. */
export function listen(world: World, host: string, caughtUp: () => void): Session {
  const stopped = new AbortController();
  let current = new AbortController();
  let heardAt = 0;
  let link: Link | undefined;

  const show = (now: Link) => {
    link = now;
    world.tell({ what: "link", host, link });
  };

  /** One connection, from its beginning to its end. Whether another shall follow. */
  const connect = async (signal: AbortSignal): Promise<boolean> => {
    const known = await world.db.read(["witness"], (tx) => tx.get("witness", host));
    const top = known?.log.top;
    const message = await sealFor(world, host, { say: "listen", ...(top && { known: top.count }) });
    if (message === undefined) return false;
    for await (const bytes of world.carrier(message.address).listen(message.envelope, signal)) {
      heardAt = world.now();
      const heard = await hear(world, host, bytes);
      if (heard?.said.say === "revoked") return false;
      if (heard?.said.say !== "inbox") continue;
      show("connected");
      caughtUp();
    }
    return true;
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const end = () => current.abort();
    signal.addEventListener("abort", end);
    for (let failures = 0; !signal.aborted; ) {
      current = new AbortController();
      const began = world.now();
      show("connecting");
      let pauseMs = 0;
      try {
        if (!(await connect(current.signal))) break;
      } catch (error) {
        pauseMs = afterOf(error, world);
      }
      show("offline");
      if (signal.aborted) break;
      if (current.signal.aborted || world.now() - began > GOOD_MS) failures = 0;
      if (current.signal.aborted) continue;
      current = new AbortController();
      await world.sleep(Math.max(pause(failures, world), pauseMs), current.signal);
      failures += 1;
    }
    link = undefined;
    signal.removeEventListener("abort", end);
  };

  world.later(() => world.lead(`aisudo ${host}`, stopped.signal, run));
  return {
    wake: () => {
      if (link === "offline" || world.now() - heardAt > STALE_MS) current.abort();
    },
    link: () => link,
    stop: () => stopped.abort(),
  };
}

/** When the host wants to be asked again. What is no carrier's failure is told; another try may help. */
function afterOf(error: unknown, world: World): number {
  if (error instanceof CarrierError) return error.afterMs;
  world.tell({ what: "trouble", line: "This browser's storage does not work just now: reload the app." });
  return 0;
}

/** Twice as long each time, and never at the same moment as all others. */
function pause(failures: number, world: World): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
  const [byte = 0] = world.draw(1);
  return longest * (0.5 + byte / 512);
}
