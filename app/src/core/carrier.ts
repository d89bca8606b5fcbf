// Who brings sealed messages to a host and back. Trusted for nothing.

import type { Bytes, Verdict } from "../seal/index.ts";
import type { State } from "./message.ts";

export interface Carrier {
  /** Listens: envelopes as they come. Ends when the other side ends it; fails with a `CarrierError`. */
  listen(envelope: Bytes, signal: AbortSignal): AsyncIterable<Bytes>;
  send(envelope: Bytes): Promise<void>;
  /** Brings an answer. When it resolves the host has it, on disk. */
  decide(verdict: Verdict, request: string, nonce: string, envelope: Bytes): Promise<void>;
  /** What became of a request; nothing when the host does not say. */
  status(request: string, nonce: string): Promise<State | "pending" | undefined>;
  /** Answers a link, or comes back to where it was answered: what the host says. */
  pair(message: Bytes, signal: AbortSignal): AsyncIterable<Bytes>;
}

export type CarrierWhy =
  | "offline" // nobody was reached, or it broke off
  | "not-found" // the host wants nothing of it, and does not say why
  | "busy" // too many: later
  | "broken"; // whoever answered does not speak as a host does

export class CarrierError extends Error {
  readonly why: CarrierWhy;
  /** When to come back, if that was said. */
  readonly afterMs: number;

  constructor(why: CarrierWhy, afterMs = 0) {
    super(why);
    this.name = "CarrierError";
    this.why = why;
    this.afterMs = afterMs;
  }
}

/** Why something failed that a carrier was to do. */
export function whyOf(error: unknown): CarrierWhy {
  if (error instanceof CarrierError) return error.why;
  throw error;
}
