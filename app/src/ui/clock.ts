// The one source of time of all screens.

export interface Clock {
  /** In milliseconds since 1970, by this phone: for deadlines and for people. */
  wallMs(): number;
  /** In milliseconds; never set, never going back: for how long something was on the screen. */
  steadyMs(): number;
  /** Calls again and again, and when somebody looks again; returns how to stop. */
  onTick(tick: () => void): () => void;
}

const TICK_MS = 250;

export const browserClock: Clock = {
  wallMs: () => Date.now(),
  steadyMs: () => performance.now(),
  onTick: (tick) => {
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  },
};
