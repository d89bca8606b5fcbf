// Requests in storage: what is kept of them, and for how long.

import { fromHex } from "../seal/bytes.ts";
import { checkPublicKey, Refused } from "../seal/index.ts";
import { requestDigest } from "../show/digest.ts";
import type { Tx } from "./db.ts";
import type { HostSays } from "./message.ts";
import { isCodeOf, readNames } from "./request.ts";
import type { ItemRow } from "./rows.ts";
import { isOver, isUncertain } from "./standing.ts";
import type { World } from "./world.ts";

/** How many requests that are over are kept, of all hosts. */
export const KEPT = 500;
/** How much of them, in letters. */
export const KEPT_LETTERS = 8 * 1024 * 1024;
/** How many of one host may be open at a time. */
export const MAX_OPEN = 200;
/** No request waits longer than this. */
const MAX_REMAINING_MS = 7 * 24 * 60 * 60_000;

export type Ask = Extract<HostSays, { say: "ask" }>;

/** A request as it came; nothing when its parts do not belong together. */
export function readAsk(host: string, ask: Ask, now: number): ItemRow | undefined {
  const names = readNames(ask.request);
  const digest = requestDigest(ask.request);
  if (names === undefined || !isCodeOf(ask.code, digest) || !isUsable(ask.reply)) return undefined;
  return {
    host,
    ...names,
    code: ask.code,
    request: ask.request,
    digest,
    askedAtMs: ask.askedAtMs,
    deadlineMs: now + Math.min(ask.remainingMs, MAX_REMAINING_MS),
    standing: "waits",
    reply: ask.reply,
  };
}

function isUsable(reply: string): boolean {
  try {
    checkPublicKey(fromHex(reply) ?? new Uint8Array(0));
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** The host asks again about a request that is known: with a key of its own, and not for longer. */
export function askedAgain(item: ItemRow, again: ItemRow): ItemRow {
  const deadlineMs = Math.min(item.deadlineMs, again.deadlineMs);
  if (isUncertain(item.standing)) {
    const { endedAtMs: _, ...open } = item;
    return { ...open, standing: "waits", reply: again.reply, deadlineMs };
  }
  return { ...item, reply: again.reply, deadlineMs };
}

/** Takes a new request in, unless there are too many; makes room among those that are over. */
export async function takeIn(tx: Tx, item: ItemRow): Promise<boolean> {
  if ((await tx.count("items")) >= MAX_OPEN) {
    const all = await tx.all("items");
    const open = all.filter((other) => other.host === item.host && !isOver(other.standing));
    if (open.length >= MAX_OPEN) return false;
    for (const old of surplus(all)) await tx.delete("items", [old.host, old.id]);
  }
  await tx.put("items", item);
  return true;
}

/** Those that are not kept any longer. */
export function surplus(items: readonly ItemRow[]): readonly ItemRow[] {
  const over = items.filter(({ standing }) => isOver(standing));
  over.sort((one, other) => other.askedAtMs - one.askedAtMs);
  let letters = 0;
  return over.filter(({ request }, at) => {
    letters += request.length;
    return at >= KEPT || letters > KEPT_LETTERS;
  });
}

/** Changes a request in one transaction, and lets go of an answer that nobody waits for any more. */
export async function changeItem(
  world: World,
  [host, id]: readonly [string, string],
  change: (item: ItemRow) => ItemRow,
): Promise<ItemRow | undefined> {
  const after = await world.db.change(["items", "outbox"], async (tx) => {
    const before = await tx.get("items", [host, id]);
    return before && putItem(tx, before, change(before));
  });
  world.tell({ what: "item", host, id });
  return after;
}

/** The same within a transaction. */
export async function putItem(tx: Tx, before: ItemRow, after: ItemRow): Promise<ItemRow> {
  if (after !== before) await tx.put("items", after);
  if (after.standing === "approved" || isOver(after.standing)) {
    await tx.delete("outbox", [after.host, after.id]);
  }
  return after;
}
