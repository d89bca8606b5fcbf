// Where a request stands: how what is heard of it changes it. Pure. Nothing is said that was not heard, and
// what is over stays over.

import type { Change, State } from "./message.ts";
import type { ItemRow } from "./rows.ts";
import type { Standing } from "./types.ts";

/** What is heard of it can only lead to a higher rank: messages come twice, and in any order. */
const RANK: Record<Standing, number> = {
  waits: 0,
  sending: 0,
  unsent: 0,
  taken: 1,
  approved: 2,
  over: 3,
  late: 3,
  denied: 4,
  ran: 4,
  unused: 4,
  expired: 4,
  cancelled: 4,
};

const STANDINGS: Record<State, Standing> = {
  approved: "approved",
  denied: "denied",
  expired: "expired",
  cancelled: "cancelled",
  released: "ran",
  unused: "unused",
};

/** Whether nothing more will come of it. */
export function isOver(standing: Standing): boolean {
  return RANK[standing] > RANK.approved;
}

/** Whether a person may answer: nobody has, or the answer is still here. */
export function canAnswer(item: ItemRow, now: number): boolean {
  return (item.standing === "waits" || item.standing === "unsent") && now < item.deadlineMs;
}

/** Whether this phone's answer is not known to have arrived. */
export function isUndelivered(standing: Standing): boolean {
  return standing === "sending" || standing === "unsent";
}

/** Whether the host did not say how it ended: should it ask again, the request waits again. */
export function isUncertain(standing: Standing): boolean {
  return RANK[standing] === RANK.over;
}

/** The host has said, sealed, what became of it. */
export function changed(item: ItemRow, change: Change, device: string): ItemRow {
  const moved = moveTo(item, STANDINGS[change.state], change.atMs);
  if (moved === item) return item;
  return {
    ...moved,
    ...(change.approver !== undefined && {
      by: { approver: change.approver, thisPhone: change.device === device },
    }),
    ...(change.note !== undefined && { note: change.note }),
  };
}

/** The host was asked what became of it, and has said so; or nothing. */
export function settled(item: ItemRow, state: State | undefined, now: number): ItemRow {
  return moveTo(item, state === undefined ? "over" : STANDINGS[state], now);
}

/** This phone's answer is on disk there. */
export function taken(item: ItemRow): ItemRow {
  return RANK[item.standing] < RANK.taken ? { ...item, standing: "taken" } : item;
}

function moveTo(item: ItemRow, heard: Standing, atMs: number): ItemRow {
  const standing = missed(item, heard) ? "late" : heard;
  if (RANK[standing] <= RANK[item.standing]) return item;
  return { ...item, standing, ...(isOver(standing) && { endedAtMs: atMs }) };
}

/** Whether it ended without an answer while this phone had one that did not arrive. */
function missed(item: ItemRow, heard: Standing): boolean {
  const unheard = heard === "over" || heard === "expired" || heard === "cancelled";
  return unheard && (isUndelivered(item.standing) || item.standing === "late");
}
