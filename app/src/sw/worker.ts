// What the service worker does with pushes and taps. Each push ends in a notification: browsers take the
// right to push from those who are silent.

import { fromUtf8 } from "../seal/bytes.ts";
import { type Bytes, fromBase64url, SIZES, type Verdict } from "../seal/index.ts";
import { decide, deliverAll } from "../core/decide.ts";
import { hear, type Heard } from "../core/inbox.ts";
import type { HostRow } from "../core/rows.ts";
import { isUndelivered } from "../core/standing.ts";
import { Trouble, type World } from "../core/world.ts";
import { asking, elsewhere, line, type Notice, type Render, type Shown, standingOf } from "./notices.ts";

/** Pauses before an answer is tried again; then it waits for the app. */
const RETRIES_MS = [1_000, 3_000, 6_000];

const VERDICTS: readonly Verdict[] = ["approve", "deny"];

const UNREADABLE = "A message could not be opened: open the app.";

/** What a service worker has. */
export interface Desk {
  readonly show: (notice: Notice) => Promise<void>;
  readonly open: (hash: string) => Promise<void>;
  /** Has `online` called when the network is back, where the browser can do that. */
  readonly whenOnline: () => Promise<void>;
  /** How many buttons a notification has here. */
  readonly buttons: number;
  readonly render: Render;
}

/** A push has come for this host. */
export async function pushed(world: World, desk: Desk, host: string, bytes?: Bytes): Promise<void> {
  let notice = line(UNREADABLE, { host });
  try {
    const heard = bytes && (await hear(world, host, envelopeOf(bytes)));
    const row = await world.db.read(["hosts"], (tx) => tx.get("hosts", host));
    if (heard !== undefined && row !== undefined) notice = noticeOf(heard, row, desk);
  } finally {
    await desk.show(notice);
  }
}

/** Developer tools deliver text alone: with them it is base64url. */
function envelopeOf(bytes: Bytes): Bytes {
  if (SIZES.includes(bytes.length)) return bytes;
  return fromBase64url(fromUtf8(bytes) ?? "") ?? bytes;
}

function noticeOf(heard: Heard, host: HostRow, desk: Desk): Notice {
  const { said, item, trouble } = heard;
  if (trouble !== undefined) return line(trouble, { host: host.id });
  if (item?.standing === "waits") {
    return asking(item, host, desk.render, host.signer === "ed25519" && desk.buttons >= 2);
  }
  if (item !== undefined) return standingOf(item);
  switch (said.say) {
    case "waits":
      return elsewhere(host.id, said.id, said.code);
    case "changed":
      return line("A request is over.", { host: host.id, id: said.id });
    case "test":
      return line("A test of the notifications has arrived.", { host: host.id });
    case "revoked":
      return line("A host has removed this phone.", { host: host.id });
    default:
      return line(UNREADABLE, { host: host.id });
  }
}

/** A person has tapped on a notification, or on one of its buttons. */
export async function tapped(world: World, desk: Desk, shown: Shown, action: string): Promise<void> {
  const { host, id, digest } = shown;
  if (host === undefined || id === undefined) return desk.open("#/");
  const verdict = VERDICTS.find((one) => one === action);
  if (verdict === undefined || digest === undefined) return desk.open(`#/r/${host}/${id}`);
  await desk.show(await answered(world, desk, { host, id, digest }, verdict));
}

async function answered(
  world: World,
  desk: Desk,
  shown: Required<Shown>,
  verdict: Verdict,
): Promise<Notice> {
  try {
    await decide(world, { ...shown, verdict, note: "" });
    const at = [shown.host, shown.id] as const;
    const look = () => world.db.read(["items"], (tx) => tx.get("items", at));
    let item = await look();
    for (const pause of RETRIES_MS) {
      if (item === undefined || !isUndelivered(item.standing)) break;
      await world.sleep(pause, new AbortController().signal);
      await deliverAll(world);
      item = await look();
    }
    if (item === undefined) return line("This request is no longer here.", shown);
    if (isUndelivered(item.standing)) await desk.whenOnline();
    // Back where it was: the host did not take the answer.
    if (item.standing === "waits") return line("The host did not take your answer: open the app.", shown);
    return standingOf(item);
  } catch (error) {
    if (error instanceof Trouble) return line(error.message, shown);
    throw error;
  }
}

/** The network is back: brings what is still here. Fails if it cannot, so that the browser tries again. */
export async function online(world: World, desk: Desk): Promise<void> {
  const before = await world.db.read(["outbox"], (tx) => tx.all("outbox"));
  const left = await deliverAll(world);
  for (const { host, id } of before) {
    const item = await world.db.read(["items"], (tx) => tx.get("items", [host, id]));
    if (item !== undefined && !isUndelivered(item.standing)) await desk.show(standingOf(item));
  }
  if (left) throw new Error("an answer is still here");
}
