// From a link to a host that this phone knows. The steps are those of crates/aisudo-seal/src/pairing.

import {
  answerLink,
  type BoxKey,
  type Bytes,
  hear,
  type Heard as Said,
  keyName,
  type Link,
  open,
  parse,
  readLink,
  Refused,
  seal,
  type Waiting,
} from "../seal/index.ts";
import { fromUtf8, utf8 } from "../seal/bytes.ts";
import { type Carrier, whyOf } from "./carrier.ts";
import { boxKey, newPair, signer } from "./keys.ts";
import { readHostSays, writeDeviceSays } from "./message.ts";
import type { HostRow, KeysRow, StoredPasskey } from "./rows.ts";
import type { PairingStep, SignerKind } from "./types.ts";
import { Trouble, type World } from "./world.ts";

const MAX_LABEL_BYTES = 64;
const PAUSE_MS = 2_000;
/** A host judges by a clock of its own; this phone's may be wrong, but not endlessly. */
const PATIENCE_MS = 15 * 60_000;
/** What a stranger on the way may add before this phone gives up. */
const MAX_MESSAGES = 100;

/** A link with the address that its host is reached at. */
export interface Invited {
  readonly link: Link;
  readonly address: string;
}

/** Reads a link, or a fragment of one; `home` is where this app comes from. Nothing when it is none. */
export function readInvitation(text: string, home: string): Invited | undefined {
  const at = text.indexOf("#pair=");
  if (at < 0) return undefined;
  try {
    const link = readLink(text.slice(at).trim());
    const address = link.address === "" ? home : addressOf(link.address);
    return address === undefined ? undefined : { link, address };
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** An address that messages may go to: https, or this very machine. Nothing else in it than where. */
function addressOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const here = url.protocol === "http:" && url.hostname === "localhost";
  if (url.protocol !== "https:" && !here) return undefined;
  const bare = `${url.origin}${url.pathname}`.replace(/\/$/, "");
  return bare === text ? bare : undefined;
}

/** How this phone wants to be known there. */
export interface Wish {
  readonly label: string;
  readonly kind: SignerKind;
  /** Whether this browser has keys that no script can read. */
  readonly safe: Promise<boolean>;
}

/** Answers an invitation. Says each step; what fails is said as a step, too. */
export async function pair(
  world: World,
  { link, address }: Invited,
  { label, kind, safe }: Wish,
  step: (step: PairingStep) => void,
  signal: AbortSignal,
): Promise<void> {
  const say = (said: PairingStep) => {
    if (!signal.aborted) step(said);
  };
  try {
    say({ step: "answering" });
    const host = keyName(link.hostKey);
    const keys = await newKeys(world, link, { label, kind, safe });
    const [key, sign] = [await boxKey(keys.seal), await signer(keys.sign, world.passkeys)];
    const { waiting, message } = await answerLink(link, key, sign, label, world.draw);
    const carrier = world.carrier(address);
    const end = await follow(world, carrier, { waiting, message, key }, say, signal);
    if (end !== "paired") return say({ step: "refused" });
    await store(world, keys, {
      ...{ id: host, key: link.hostKey, name: link.host, address, label, signer: kind },
      ...{ device: keyName(sign.publicKey), pairedAtMs: world.now() },
      ...{ revoked: false, devices: [] },
    });
    say({ step: "paired", host });
  } catch (error) {
    say({ step: "failed", why: reason(error) });
  }
}

async function newKeys(world: World, link: Link, { label, kind, safe }: Wish): Promise<KeysRow> {
  const length = utf8(label).length;
  if (length === 0 || length > MAX_LABEL_BYTES || fromUtf8(utf8(label)) !== label) {
    throw new Trouble(`This phone's name must have 1 to ${MAX_LABEL_BYTES} bytes.`);
  }
  const fresh = async (use: "seal" | "sign") => newPair(use, await safe, world.draw);
  // The browser wants to see the tap that asked for a passkey: it comes first.
  const sign = kind === "passkey" ? await newPasskey(world, `${link.host} (${label})`) : await fresh("sign");
  return { host: keyName(link.hostKey), seal: await fresh("seal"), sign };
}

async function newPasskey(world: World, name: string): Promise<StoredPasskey> {
  if (world.passkeys !== undefined) return world.passkeys.make(name, world.draw);
  throw new Trouble("This browser has no passkeys: choose the app's own key.");
}

const NOBODY = "The host does not wait for an answer to this link: make a new one there.";
const BETWEEN =
  "Somebody may be in between: the host broke its promise. Do not confirm there; start again.";

interface Answer {
  readonly waiting: Waiting;
  readonly message: Bytes;
  readonly key: BoxKey;
}

/** Brings the answer, and hears what the host says, until it has said how it ends. */
async function follow(
  world: World,
  carrier: Carrier,
  answer: Answer,
  say: (step: PairingStep) => void,
  signal: AbortSignal,
): Promise<"paired" | "refused"> {
  const until = world.now() + PATIENCE_MS;
  let words = false;
  while (!signal.aborted && world.now() < until) {
    try {
      let messages = 0;
      for await (const bytes of carrier.pair(answer.message, signal)) {
        messages += 1;
        if (messages > MAX_MESSAGES) break;
        const heard = await understood(answer, bytes);
        if (heard?.step === "paired" || heard?.step === "refused") return heard.step;
        // The same words come again with each connection.
        if (heard?.step === "words" && !words) say(heard);
        words ||= heard?.step === "words";
      }
    } catch (error) {
      const why = whyOf(error);
      // The host may have said yes while this phone was not there to hear it.
      if (why === "not-found" && words && (await isListed(world, carrier, answer, signal))) return "paired";
      if (why === "not-found") throw new Trouble(NOBODY);
    }
    await world.sleep(PAUSE_MS, signal);
  }
  throw new Trouble("The host could not be reached. Make a new link there and try again.");
}

/** What a message says; nothing when it is none of the host's. */
async function understood({ waiting, key }: Answer, bytes: Bytes): Promise<Said | undefined> {
  try {
    return await hear(waiting, key, bytes);
  } catch (error) {
    if (error instanceof Refused && error.why !== "reveal") return undefined;
    throw error;
  }
}

/** Whether the host lets the new keys listen: it does so once root has said yes. */
async function isListed(
  world: World,
  carrier: Carrier,
  { key, waiting }: Answer,
  signal: AbortSignal,
): Promise<boolean> {
  const { kind, body } = writeDeviceSays({ say: "listen" });
  try {
    const envelope = await seal(kind, key, waiting.hostKey, body, world.draw);
    for await (const bytes of carrier.listen(envelope, signal)) {
      const opened = await open(parse(bytes), key, waiting.hostKey);
      return readHostSays(opened.kind, opened.body)?.said.say === "inbox";
    }
  } catch (error) {
    if (!(error instanceof Refused)) whyOf(error);
  }
  return false;
}

/** Now, and not before, the keys of an earlier pairing with the same host are given up. */
async function store(world: World, keys: KeysRow, row: Omit<HostRow, "push">): Promise<void> {
  await world.db.change(["hosts", "keys", "outbox"], async (tx) => {
    const before = await tx.get("hosts", row.id);
    const push = { wanted: before?.push.wanted ?? false };
    for (const { host, id } of await tx.all("outbox", row.id)) await tx.delete("outbox", [host, id]);
    await tx.put("keys", keys);
    await tx.put("hosts", { ...row, push, ...(before?.alarm && { alarm: before.alarm }) });
  });
  world.tell({ what: "hosts" });
}

function reason(error: unknown): string {
  if (error instanceof Trouble) return error.message;
  if (error instanceof Refused && error.why === "reveal") {
    return BETWEEN;
  }
  if (error instanceof Refused) return "This link cannot be used: make a new one on the host.";
  if (error instanceof DOMException && error.name === "QuotaExceededError") {
    return "This browser has no room left: free some space and try again.";
  }
  return "The browser could not make or store keys: leave private browsing, or try another browser.";
}

