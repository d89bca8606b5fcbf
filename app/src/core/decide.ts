// A person's answer: signed over what was on the screen, kept until the host has it, brought there.

import { fromHex, fromUtf8, utf8 } from "../seal/bytes.ts";
import { type Bytes, hex, MAX_NOTE_BYTES, seal, signedStatement, type Verdict } from "../seal/index.ts";
import { requestDigest } from "../show/digest.ts";
import { type CarrierWhy, whyOf } from "./carrier.ts";
import type { Tx } from "./db.ts";
import { hear, sealFor, settle } from "./inbox.ts";
import { changeItem } from "./items.ts";
import { boxKey, keysOf, signer } from "./keys.ts";
import type { ItemRow, OutboxRow } from "./rows.ts";
import { canAnswer, isOver, isUndelivered, settled, taken } from "./standing.ts";
import { Trouble, type World } from "./world.ts";

/** How long a host may take to ask again. */
const CATCH_UP_MS = 15_000;
/** How long one page or worker may take to bring an answer before another does it. */
const CLAIM_MS = 60_000;

/** What a person has chosen, for what was on the screen. */
export interface Choice {
  readonly host: string;
  readonly id: string;
  /** Of the request that was shown. */
  readonly digest: string;
  readonly verdict: Verdict;
  readonly note: string;
}

type At = readonly [host: string, id: string];

/** Signs an answer and brings it to the host. Fails with a `Trouble`, and then nothing was signed or sent. */
export async function decide(world: World, choice: Choice): Promise<void> {
  const atMs = world.now();
  const signed = await sign(world, choice, atMs);
  const at = [choice.host, choice.id] as const;
  const { out, row } = await world.db.change(["items", "outbox"], async (tx) => {
    // A passkey may take a minute: look again.
    const now = await answerable(tx, choice, world.now());
    const { verdict, note, ...names } = choice;
    const busyUntilMs = world.now() + CLAIM_MS;
    const out: OutboxRow = { ...names, verdict, signed, deadlineMs: now.deadlineMs, busyUntilMs };
    const row: ItemRow = { ...now, standing: "sending", answer: { verdict, note, atMs } };
    await tx.put("outbox", out);
    await tx.put("items", row);
    return { out, row };
  });
  world.tell({ what: "item", host: choice.host, id: choice.id });
  await bring(world, at, row, out);
}

async function sign(world: World, choice: Choice, atMs: number): Promise<Bytes> {
  const { verdict, note } = choice;
  if (!isNote(note)) throw new Trouble("The note is too long: shorten it.");
  const item = await world.db.read(["items"], (tx) => answerable(tx, choice, atMs));
  const keys = await keysOf(world.db, choice.host);
  if (keys === undefined) throw new Trouble("This phone has no key for that host: pair it again.");
  const [digest, nonce] = [fromHex(requestDigest(item.request)), fromHex(item.nonce)];
  if (digest === undefined || hex(digest) !== choice.digest || nonce === undefined) throw new Trouble(OTHER);
  return signedStatement({ digest, nonce, verdict, note, atMs }, await signer(keys.sign, world.passkeys));
}

/** Whether it can be signed: half of a character cannot. */
function isNote(note: string): boolean {
  const bytes = utf8(note);
  return bytes.length <= MAX_NOTE_BYTES && fromUtf8(bytes) === note;
}

const OTHER = "Another request had come in its place, so nothing was signed. Look again.";

/** Brings all answers that are still here. Whether any is left. */
export async function deliverAll(world: World): Promise<boolean> {
  const waiting = await world.db.read(["outbox"], (tx) => tx.all("outbox"));
  for (const { host, id } of waiting) await deliver(world, [host, id]);
  return (await world.db.read(["outbox"], (tx) => tx.all("outbox"))).length > 0;
}

/** The item, if this choice can still be made for it. */
async function answerable(tx: Tx, { host, id, digest }: Choice, now: number): Promise<ItemRow> {
  const item = await tx.get("items", [host, id]);
  if (item === undefined) throw new Trouble("This request is no longer here. Nothing was signed.");
  if (item.digest !== digest) throw new Trouble(OTHER);
  if (now >= item.deadlineMs) throw new Trouble("The time to answer was over. Nothing was sent.");
  if (!canAnswer(item, now)) throw new Trouble("This request was answered already. Nothing was sent.");
  return item;
}

/** Brings an answer if nobody else does. */
async function deliver(world: World, at: At): Promise<void> {
  const claimed = await world.db.change(["outbox", "items"], async (tx) => {
    const [out, item] = [await tx.get("outbox", at), await tx.get("items", at)];
    if (out === undefined || item === undefined || world.now() < out.busyUntilMs) return undefined;
    const claim = { ...out, busyUntilMs: world.now() + CLAIM_MS };
    await tx.put("outbox", claim);
    await tx.put("items", item.standing === "unsent" ? { ...item, standing: "sending" } : item);
    return { out: claim, item };
  });
  if (claimed === undefined) return;
  world.tell({ what: "item", host: at[0], id: at[1] });
  await bring(world, at, claimed.item, claimed.out);
}

/** Brings an answer: once, and once more when the host has a new key for it. */
async function bring(world: World, at: At, item: ItemRow, out: OutboxRow): Promise<void> {
  if (world.now() >= out.deadlineMs) return tooLate(world, at);
  const why = await post(world, item, out);
  if (why === undefined) return arrived(world, at);
  if (why !== "not-found") return keep(world, at);

  // The host knows no such request, or no longer the key that this answer was sealed to.
  const said = await catchUp(world, ...at).catch(whyOf);
  const again = await world.db.read(["items", "outbox"], async (tx) => {
    return (await tx.get("outbox", at)) && tx.get("items", at);
  });
  if (again === undefined) return;
  if (said === "gone") return tooLate(world, at);
  if (said !== "asked") return keep(world, at);
  const whyAgain = again.reply === item.reply ? "not-found" : await post(world, again, out);
  if (whyAgain === undefined) return arrived(world, at);
  if (whyAgain !== "not-found") return keep(world, at);
  await refused(world, at);
}

async function post(world: World, item: ItemRow, out: OutboxRow): Promise<CarrierWhy | undefined> {
  const { row, keys } = await world.db.read(["hosts", "keys"], async (tx) => ({
    row: await tx.get("hosts", item.host),
    keys: await tx.get("keys", item.host),
  }));
  if (row === undefined || keys === undefined) return "offline";
  const reply: Bytes = fromHex(item.reply) ?? new Uint8Array(0);
  const envelope = await seal("decision", await boxKey(keys.seal), reply, out.signed, world.draw);
  return world
    .carrier(row.address)
    .decide(out.verdict, item.id, item.nonce, envelope)
    .then(() => undefined, whyOf);
}

/** Listens until the host has said whether the request still waits, and has asked it again. */
async function catchUp(world: World, host: string, id: string): Promise<"asked" | "gone" | "silence"> {
  const listen = await sealFor(world, host, { say: "listen" });
  if (listen === undefined) return "gone";
  const controller = new AbortController();
  const timer = new AbortController();
  void world.sleep(CATCH_UP_MS, timer.signal).then(() => controller.abort());
  try {
    for await (const bytes of world.carrier(listen.address).listen(listen.envelope, controller.signal)) {
      const heard = await hear(world, host, bytes);
      if (heard?.said.say === "inbox" && !heard.said.pending.includes(id)) return "gone";
      if (heard?.said.say === "ask" && heard.item?.id === id) return "asked";
    }
    return "silence";
  } finally {
    timer.abort();
  }
}

async function arrived(world: World, at: At): Promise<void> {
  await world.db.change(["items", "outbox"], async (tx) => {
    const item = await tx.get("items", at);
    if (item !== undefined) await tx.put("items", taken(item));
    await tx.delete("outbox", at);
  });
  world.tell({ what: "item", host: at[0], id: at[1] });
}

/** It could not be brought: it stays in the outbox. */
async function keep(world: World, at: At): Promise<void> {
  await world.db.change(["items", "outbox"], async (tx) => {
    const [out, item] = [await tx.get("outbox", at), await tx.get("items", at)];
    if (out !== undefined) await tx.put("outbox", { ...out, busyUntilMs: 0 });
    if (item?.standing === "sending") await tx.put("items", { ...item, standing: "unsent" });
  });
  world.tell({ what: "item", host: at[0], id: at[1] });
}

/** It does not wait any more, or should not: the host is asked what became of it, now or when it can be. */
async function tooLate(world: World, at: At): Promise<void> {
  const why = await settle(world, ...at).then(() => undefined, whyOf);
  if (why !== undefined) return keep(world, at);
  await changeItem(world, at, (item) => {
    return isUndelivered(item.standing) ? settled(item, undefined, world.now()) : item;
  });
}

/** The host still waits, and does not take this answer: not from this phone, or not any more. */
async function refused(world: World, at: At): Promise<void> {
  await world.db.change(["items", "outbox"], async (tx) => {
    const item = await tx.get("items", at);
    if (item !== undefined && !isOver(item.standing)) {
      const { answer: _, ...unanswered } = item;
      await tx.put("items", { ...unanswered, standing: "waits" });
    }
    await tx.delete("outbox", at);
  });
  world.tell({ what: "item", host: at[0], id: at[1] });
  world.tell({
    what: "trouble",
    line: "The host does not take this phone's answer. See there whether it still lists this phone.",
  });
}
