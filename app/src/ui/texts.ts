// Our own words for states, times and sizes.

import type { Host, Item, Standing } from "../core/types.ts";
import { safeText, safeWord } from "./shown.ts";

export const STANDINGS: Readonly<Record<Standing, string>> = {
  waits: "Waits for an answer",
  sending: "Sending…",
  unsent: "Not sent yet: will be tried again",
  taken: "Taken by the host",
  approved: "Approved",
  denied: "Denied",
  ran: "It ran",
  unused: "Approved, but not used",
  expired: "Expired",
  cancelled: "Cancelled",
  late: "Too late",
  over: "Over",
};

/** Of what kind it is, for its colour. */
export type Tone = "waits" | "going" | "yes" | "no" | "ended";

export const TONES: Readonly<Record<Standing, Tone>> = {
  waits: "waits",
  sending: "going",
  unsent: "going",
  taken: "going",
  approved: "yes",
  denied: "no",
  ran: "yes",
  unused: "ended",
  expired: "ended",
  cancelled: "ended",
  late: "ended",
  over: "ended",
};

/** What more there is to say about one that cannot be answered: a sentence or two, or nothing. */
export function standingMore(item: Item): string {
  const mine = item.answer?.verdict === "approve" ? "Your yes" : "Your no";
  switch (item.standing) {
    case "waits":
      return "The time to answer is over.";
    case "sending":
      return `${mine} is on its way.`;
    case "unsent":
      return `${mine} is signed and stays on this phone until the time is over.`;
    case "taken":
      return `${mine} is with the host. What became of it is not known yet.`;
    case "approved":
      return `${decider(item)} sudo has not let it through yet.`;
    case "denied":
      return decider(item);
    case "ran":
      return `${decider(item)} sudo let it through.`;
    case "unused":
      return "Whoever asked did not wait for it. Nothing ran.";
    case "expired":
      return "Nobody answered in time. Nothing ran.";
    case "cancelled":
      return "Whoever asked gave up. Nothing ran.";
    case "late":
      return "Another answer was first, or the time was over: this phone's answer did not count.";
    case "over":
      return "The host no longer says how it ended.";
  }
}

function decider(item: Item): string {
  if (item.by === undefined) return "";
  return item.by.thisPhone ? "By you, on this phone." : `By ${safeWord(item.by.approver)}.`;
}

/** The note that goes with the answer. */
export function noteOf(item: Item): string | undefined {
  const note = item.note ?? item.answer?.note ?? "";
  return note === "" ? undefined : safeText(note);
}

export const LINKS: Readonly<Record<Host["link"], string>> = {
  connected: "Connected",
  connecting: "Connecting…",
  offline: "Offline: not reached now",
  revoked: "Revoked: this host no longer lists this phone",
};

export const ALARMS = {
  back: "went back",
  fork: "was replaced",
} as const;

export const SIGNERS = { passkey: "a passkey", ed25519: "a key in this browser" } as const;

/** As on a clock: `1:05`; `0:00` when it is over. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The same, to be read out. */
export function spoken(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return seconds < 60 ? counted(seconds, "second") : counted(Math.round(seconds / 60), "minute");
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const SAME_DAY: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const OTHER_DAY: Intl.DateTimeFormatOptions = { ...SAME_DAY, day: "numeric", month: "short" };
const OTHER_YEAR: Intl.DateTimeFormatOptions = { ...OTHER_DAY, year: "numeric" };

/** A moment, by this phone's clock and habits. */
export function when(ms: number, nowMs: number): string {
  const [then, now] = [new Date(ms), new Date(nowMs)];
  const day = then.toDateString() === now.toDateString();
  const year = then.getFullYear() === now.getFullYear();
  return then.toLocaleString(undefined, day ? SAME_DAY : year ? OTHER_DAY : OTHER_YEAR);
}

/** A key's name or a hash, in groups of four. */
export function groups(hex: string): string[] {
  return hex.match(/.{1,4}/g) ?? [];
}
