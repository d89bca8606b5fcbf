// What comes from a host: opened, read strictly, and recorded in one transaction. Whatever cannot be opened
// or read leaves no trace.

import { type Bytes, hex, type Opened, open, parse, Refused, seal } from "../seal/index.ts";
import type { Tx } from "./db.ts";
import { whyOf } from "./carrier.ts";
import { askedAgain, changeItem, putItem, readAsk, takeIn } from "./items.ts";
import { boxKey } from "./keys.ts";
import { type DeviceSays, type FromHost, type HostSays, readHostSays, writeDeviceSays } from "./message.ts";
import type { HostRow, ItemRow, KeysRow } from "./rows.ts";
import { changed, isOver, settled } from "./standing.ts";
import { hearHead, NOTHING, type Witness } from "./witness.ts";
import type { World } from "./world.ts";

/** How many names of messages are remembered of each host. */
export const MAX_SEEN = 256;
/** How many requests a host is asked about after it has said what waits. */
const MAX_SETTLED = 50;

/** What was heard. */
export interface Heard {
  readonly said: HostSays;
  /** The request that was asked or has changed, as it is now. */
  readonly item?: ItemRow;
  /** Whether it was asked for the first time. */
  readonly fresh?: boolean;
  /** Requests that do not wait any more, and of which it was not said how they ended. */
  readonly gone?: readonly string[];
  readonly trouble?: string;
}

/** Hears one envelope, and answers what is to be answered. Nothing: it says nothing, or was heard before. */
export async function hear(world: World, host: string, bytes: Bytes): Promise<Heard | undefined> {
  const { row, keys } = await world.db.read(["hosts", "keys"], async (tx) => ({
    row: await tx.get("hosts", host),
    keys: await tx.get("keys", host),
  }));
  if (row === undefined || keys === undefined) return undefined;
  const opened = await openFrom(row, keys, bytes);
  const from = opened && readHostSays(opened.kind, opened.body);
  if (opened === undefined || from === undefined) return undefined;
  const stores = ["hosts", "items", "witness", "outbox"] as const;
  const heard = await world.db.change(stores, (tx) => record(tx, host, opened, from, world.now()));
  if (heard !== undefined) answer(world, host, heard);
  return heard;
}

/** Tells a host something. Fails as the carrier does. */
export async function tellHost(world: World, host: string, said: DeviceSays): Promise<void> {
  const sealed = await sealFor(world, host, said);
  if (sealed !== undefined) await world.carrier(sealed.address).send(sealed.envelope);
}

/** A message to a host, sealed; nothing when it is not known (any more). */
export async function sealFor(
  world: World,
  host: string,
  said: DeviceSays,
): Promise<{ address: string; envelope: Bytes } | undefined> {
  const { row, keys } = await world.db.read(["hosts", "keys"], async (tx) => ({
    row: await tx.get("hosts", host),
    keys: await tx.get("keys", host),
  }));
  if (row === undefined || keys === undefined || row.revoked) return undefined;
  const { kind, body } = writeDeviceSays(said);
  const envelope = await seal(kind, await boxKey(keys.seal), row.key, body, world.draw);
  return { address: row.address, envelope };
}

/** Asks a host what became of a request that does not wait any more. */
export async function settle(world: World, host: string, id: string): Promise<void> {
  const { row, item } = await world.db.read(["hosts", "items"], async (tx) => ({
    row: await tx.get("hosts", host),
    item: await tx.get("items", [host, id]),
  }));
  if (row === undefined || item === undefined || isOver(item.standing)) return;
  const state = await world.carrier(row.address).status(id, item.nonce);
  if (state !== "pending") await changeItem(world, [host, id], (now) => settled(now, state, world.now()));
}

async function openFrom(row: HostRow, keys: KeysRow, bytes: Bytes): Promise<Opened | undefined> {
  try {
    return await open(parse(bytes), await boxKey(keys.seal), row.key);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

async function record(
  tx: Tx,
  id: string,
  opened: Opened,
  from: FromHost,
  now: number,
): Promise<Heard | undefined> {
  const host = await tx.get("hosts", id);
  if (host === undefined || host.revoked) return undefined;
  const before = (await tx.get("witness", id)) ?? { host: id, log: NOTHING, seen: [] };
  const name = hex(opened.id);
  if (before.seen.includes(name)) return undefined;
  const { log, row } = witness(before.log, from, host, now);
  await tx.put("witness", { host: id, log, seen: [...before.seen, name].slice(-MAX_SEEN) });
  return recordSaid(tx, row, from.said, now);
}

function witness(
  before: Witness,
  from: FromHost,
  host: HostRow,
  now: number,
): { log: Witness; row: HostRow } {
  const older = from.said.say === "inbox" ? from.said.known : undefined;
  const { witness: log, alarm: kind } = hearHead(before, from.log, from.sentAtMs, older);
  const row = { ...host, heardAtMs: now };
  // The first alarm stays until a person has seen it.
  if (kind === undefined || host.alarm !== undefined) return { log, row };
  return { log, row: { ...row, alarm: { kind, atMs: now, count: from.log.count } } };
}

async function recordSaid(tx: Tx, host: HostRow, said: HostSays, now: number): Promise<Heard> {
  switch (said.say) {
    case "ask": {
      await tx.put("hosts", host);
      const item = readAsk(host.id, said, now);
      return item === undefined ? { said } : { said, ...(await recordAsk(tx, item)) };
    }
    case "changed": {
      await tx.put("hosts", host);
      const item = await tx.get("items", [host.id, said.id]);
      if (item === undefined) return { said };
      return { said, item: await putItem(tx, item, changed(item, said, host.device)) };
    }
    case "inbox": {
      const { key: _, works: __, ...push } = host.push;
      await tx.put("hosts", {
        ...host,
        devices: said.devices,
        push: {
          ...push,
          ...(said.push !== undefined && { key: said.push }),
          ...(said.pushing !== undefined && { works: said.pushing }),
        },
      });
      const open = (await tx.all("items", host.id)).filter(({ standing }) => !isOver(standing));
      return { said, gone: open.map(({ id }) => id).filter((id) => !said.pending.includes(id)) };
    }
    case "revoked": {
      await tx.put("hosts", { ...host, revoked: true });
      for (const item of await tx.all("items", host.id)) {
        await putItem(tx, item, settled(item, undefined, now));
      }
      return { said };
    }
    default:
      await tx.put("hosts", host);
      return { said };
  }
}

async function recordAsk(tx: Tx, asked: ItemRow): Promise<Omit<Heard, "said">> {
  const known = await tx.get("items", [asked.host, asked.id]);
  if (known === undefined) {
    if (await takeIn(tx, asked)) return { item: asked, fresh: true };
    return { trouble: FLOOD };
  }
  if (known.digest === asked.digest) return { item: await putItem(tx, known, askedAgain(known, asked)) };
  return { trouble: `Request ${known.code} came again with other content, and was not taken in. ${LOOK}` };
}

const FLOOD = "A host asks more than this phone can hold. Look at the host: something floods it.";
const LOOK = "Look at the host before you answer.";

/** What is to be done after something was heard. Nobody waits for it. */
function answer(world: World, host: string, { said, item, fresh, gone, trouble }: Heard): void {
  world.tell({ what: "hosts" });
  if (item !== undefined) world.tell({ what: "item", host, id: item.id });
  if (trouble !== undefined) world.tell({ what: "trouble", line: trouble });
  if (said.say === "revoked") world.tell({ what: "items" });
  if (said.say === "content") {
    const { id, sha256, content } = said;
    world.tell({ what: "content", host, id, sha256, ...(content && { content }) });
  }
  if (fresh === true && item !== undefined) receipt(world, host, { say: "delivered", id: item.id });
  if (said.say === "test") receipt(world, host, { say: "tested", nonce: said.nonce });
  if (gone !== undefined && gone.length > 0) {
    world.later(async () => {
      for (const id of gone.slice(0, MAX_SETTLED)) await settle(world, host, id).catch(whyOf);
    });
  }
}

function receipt(world: World, host: string, said: DeviceSays): void {
  world.later(() => tellHost(world, host, said).then(undefined, (error: unknown) => void whyOf(error)));
}
