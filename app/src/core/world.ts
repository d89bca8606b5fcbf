// What the core takes from outside: tests give other things.

import type { Bytes, Random } from "../seal/index.ts";
import type { Carrier } from "./carrier.ts";
import type { Db } from "./db.ts";

export interface World {
  readonly db: Db;
  readonly carrier: (address: string) => Carrier;
  /** This phone's clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly draw: Random;
  /** Resolves after this time, or as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Passkeys, where there is a page that may ask for them. */
  readonly passkeys?: Passkeys;
  /** Tells this page's core and all others. */
  readonly tell: (news: News) => void;
  /** Does something that nobody waits for. It is over before the service worker is. */
  readonly later: (work: () => Promise<void>) => void;
}

/** Who asks for passkeys, and in which place. */
export interface Passkeys {
  readonly credentials: Pick<CredentialsContainer, "create" | "get">;
  /** The page's host name. */
  readonly rpId: string;
  readonly origin: string;
}

/** What has changed: pages and the service worker tell each other. */
export type News =
  | { readonly what: "hosts" }
  | { readonly what: "item"; readonly host: string; readonly id: string }
  | { readonly what: "items" }
  | { readonly what: "link"; readonly host: string; readonly link: "connected" | "connecting" | "offline" }
  | { readonly what: "trouble"; readonly line: string }
  | { readonly what: "content"; readonly host: string; readonly id: string; readonly sha256: string; readonly content?: Bytes };

/** Something that a person should know: one line that says what to do. */
export class Trouble extends Error {
  constructor(line: string) {
    super(line);
    this.name = "Trouble";
  }
}
