// What the core takes from outside: tests give other things.

import type { Bytes, Random, Signer } from "../seal/index.ts";
import type { Carrier } from "./carrier.ts";
import type { Db } from "./db.ts";
import type { StoredPasskey } from "./rows.ts";

export interface World {
  readonly db: Db;
  readonly carrier: (address: string) => Carrier;
  /** This phone's clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly draw: Random;
  /** Resolves after this time, or as soon as the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Does something as long as no other page does it: resolves when it is over, or the signal is aborted. */
  readonly lead: (
    name: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ) => Promise<void>;
  /** Passkeys, where there is a page that may ask for them. */
  readonly passkeys?: Passkeys;
  /** Tells this page's core and all others. */
  readonly tell: (news: News) => void;
  /** Does something that nobody waits for. It is over before the service worker is. */
  readonly later: (work: () => Promise<void>) => void;
}

/** Makes passkeys, and has them sign. */
export interface Passkeys {
  /** Makes one. What the browser shows to tell it from others is `name`. */
  make(name: string, draw: Random): Promise<StoredPasskey>;
  signer(stored: StoredPasskey): Signer;
}

export type Link = "connected" | "connecting" | "offline";

/** What has changed: pages and the service worker tell each other. */
export type News =
  | { readonly what: "hello" } // from a page that has just opened
  | { readonly what: "hosts" }
  | { readonly what: "item"; readonly host: string; readonly id: string }
  | { readonly what: "items" }
  | { readonly what: "link"; readonly host: string; readonly link: Link }
  | { readonly what: "trouble"; readonly line: string }
  | ContentNews;

/** What a host has sent of a file. Nothing: it does not have it. */
export interface ContentNews {
  readonly what: "content";
  readonly host: string;
  readonly id: string;
  readonly sha256: string;
  readonly content?: Bytes;
}

/** Between pages and the service worker. */
export interface Channel {
  post(news: News): void;
  onNews(hear: (news: News) => void): void;
}

/** Something that a person should know: one line that says what to do. */
export class Trouble extends Error {
  constructor(line: string) {
    super(line);
    this.name = "Trouble";
  }
}
