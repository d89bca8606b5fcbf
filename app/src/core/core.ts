// The core of the app: everything that screens call.

import { sha256 } from "@noble/hashes/sha2.js";

import { fromUtf8 } from "../seal/bytes.ts";
import { hex, keyName } from "../seal/index.ts";
import { decide } from "./decide.ts";
import { CarrierError, whyOf } from "./carrier.ts";
import { tellHost } from "./inbox.ts";
import { hasSafeKeys } from "./keys.ts";
import { mirror } from "./mirror.ts";
import { keepDelivering } from "./outbox.ts";
import { pair, readInvitation } from "./pairing.ts";
import { disablePush, enablePush, type Pushes, pushState, resyncPush } from "./push.ts";
import { listen, type Session } from "./session.ts";
import { isOver } from "./standing.ts";
import type { ContentAnswer, Core, PairingStep } from "./types.ts";
import { type Channel, type ContentNews, type News, Trouble, type World } from "./world.ts";

/** How long a host may take to send a file's content. */
const CONTENT_MS = 20_000;

/** The page that the core lives in. */
export interface Page {
  /** Where the app comes from, without a slash at the end. */
  readonly home: string;
  readonly pushes?: Pushes;
  /** Takes a link out of the address bar. */
  readonly hideLink: () => void;
  /** Has this called when somebody looks, or when the network is back. */
  readonly onWake: (wake: () => void) => void;
  /** Tells other pages and the service worker, and hears them. */
  readonly channel: Channel;
}

export interface RunningCore extends Core {
  /** Resolves when everything that was heard so far is in the snapshot. */
  idle(): Promise<void>;
  stop(): void;
}

export function startCore(outside: Omit<World, "tell" | "later">, page: Page): RunningCore {
  const { pushes, channel } = page;
  const view = mirror(outside.db, (row) => pushState(row.push, pushes));
  const contents = new Set<(news: ContentNews) => void>();
  const shown = new Set<string>();
  const sessions = new Map<string, { readonly device: string; readonly session: Session }>();

  const heardNews = (news: News) => {
    view.hear(news);
    if (news.what === "content") for (const hear of contents) hear(news);
    if (news.what === "hosts") void view.idle().then(matchSessions);
  };
  const world: World = {
    ...outside,
    tell: (news) => {
      heardNews(news);
      channel.post(news);
    },
    later: (work) => void work().catch(failed),
  };
  const failed = (error: unknown) => {
    const plain = "Something in this app went wrong: reload it.";
    view.failed(error instanceof Trouble ? error.message : plain);
  };
  /** What a person has asked for: its failure is told, and the last one is forgotten. */
  const act = async (work: () => Promise<void>) => {
    view.failed(undefined);
    await work().catch(failed);
    await view.idle();
  };
  const outbox = keepDelivering(world);

  const matchSessions = () => {
    const wanted = new Map(view.hosts().filter(({ revoked }) => !revoked).map((row) => [row.id, row.device]));
    for (const [host, { device, session }] of sessions) {
      if (wanted.get(host) === device) continue;
      session.stop();
      sessions.delete(host);
    }
    for (const [host, device] of wanted) {
      if (sessions.has(host)) continue;
      sessions.set(host, { device, session: listen(world, host, () => caughtUp(host)) });
    }
  };
  const caughtUp = (host: string) => {
    outbox.wake();
    if (pushes !== undefined) world.later(() => resyncPush(world, pushes, host).catch(quiet));
  };
  const wake = () => {
    for (const { session } of sessions.values()) session.wake();
    outbox.wake();
  };

  channel.onNews((news) => {
    heardNews(news);
    if (news.what !== "hello") return;
    for (const [host, { session }] of sessions) {
      const link = session.link();
      if (link !== undefined) channel.post({ what: "link", host, link });
    }
  });
  channel.post({ what: "hello" });
  page.onWake(wake);
  outbox.wake();
  void view.idle().then(matchSessions);
  const can = { passkey: outside.passkeys !== undefined, push: pushes !== undefined };
  view.setCan({ ...can, safeKeys: true });
  const safe = hasSafeKeys(outside.db);
  void safe.then((safeKeys) => view.setCan({ ...can, safeKeys }));

  return {
    snapshot: view.snapshot,
    subscribe: view.subscribe,
    invitation: (text) => {
      page.hideLink();
      const invited = readInvitation(text, page.home);
      if (invited === undefined) return undefined;
      const { link, address } = invited;
      const hostKey = keyName(link.hostKey);
      const known = view.hosts().some(({ id }) => id === hostKey);
      return { hostName: link.host, hostKey, address, expiresMs: link.expiresMs, known };
    },
    pair: (text, label, kind, step) => {
      const stopped = new AbortController();
      const invited = readInvitation(text, page.home);
      if (invited === undefined) {
        step({ step: "failed", why: "This is no link of a host: make a new one there." });
      } else {
        // Whoever hears that it is paired finds the host in the snapshot.
        const seen = (said: PairingStep) => void view.idle().then(() => step(said));
        void pair(world, invited, { label, kind, safe }, seen, stopped.signal);
      }
      return { stop: () => stopped.abort() };
    },
    decide: (host, id, digest, verdict, note) =>
      act(async () => {
        try {
          await decide(world, { host, id, digest, verdict, note });
        } finally {
          outbox.watch();
        }
      }),
    shown: (host, id) => {
      if (shown.has(`${host}/${id}`)) return;
      shown.add(`${host}/${id}`);
      world.later(() => tellHost(world, host, { say: "shown", id }).catch(quiet));
    },
    content: (host, id, sha) => content(world, contents, host, id, sha),
    enablePush: (host) =>
      act(async () => {
        if (pushes === undefined) throw new Trouble("This browser has no notifications for this app.");
        await enablePush(world, pushes, host).catch(unreached);
      }),
    disablePush: (host) =>
      act(async () => {
        if (pushes !== undefined) await disablePush(world, pushes, host).catch(unreached);
      }),
    forget: (host) =>
      act(async () => {
        if (pushes !== undefined) await disablePush(world, pushes, host).catch(quiet);
        await forget(world, host);
      }),
    dismissAlarm: (host) =>
      act(async () => {
        await world.db.change(["hosts"], async (tx) => {
          const row = await tx.get("hosts", host);
          if (row === undefined) return;
          const { alarm: _, ...calm } = row;
          await tx.put("hosts", calm);
        });
        world.tell({ what: "hosts" });
      }),
    clearHistory: () => act(() => clearHistory(world)),
    retry: () => {
      view.forgetTrouble();
      wake();
    },
    idle: view.idle,
    stop: () => {
      for (const { session } of sessions.values()) session.stop();
      outbox.stop();
    },
  };
}

async function content(
  world: World,
  contents: Set<(news: ContentNews) => void>,
  host: string,
  id: string,
  sha: string,
): Promise<ContentAnswer> {
  const answered = new AbortController();
  let heard: { readonly content?: Uint8Array } | undefined;
  const hear = (news: ContentNews) => {
    if (news.host !== host || news.id !== id || news.sha256 !== sha) return;
    heard = news;
    answered.abort();
  };
  contents.add(hear);
  try {
    await tellHost(world, host, { say: "content", id, sha256: sha }).catch(unreached);
    await world.sleep(CONTENT_MS, answered.signal);
  } finally {
    contents.delete(hear);
  }
  if (heard === undefined) throw new Trouble("The host did not answer. Try again.");
  return judge(heard.content, sha);
}

function judge(bytes: Uint8Array | undefined, sha: string): ContentAnswer {
  if (bytes === undefined) return { kind: "gone" };
  if (hex(sha256(bytes)) !== sha) return { kind: "wrong" };
  const text = bytes.includes(0) ? undefined : fromUtf8(bytes);
  return text === undefined ? { kind: "bytes", size: bytes.length } : { kind: "text", text };
}

async function forget(world: World, host: string): Promise<void> {
  await world.db.change(["hosts", "items", "keys", "witness", "outbox"], async (tx) => {
    for (const { id } of await tx.all("items", host)) await tx.delete("items", [host, id]);
    for (const { id } of await tx.all("outbox", host)) await tx.delete("outbox", [host, id]);
    for (const store of ["hosts", "keys", "witness"] as const) await tx.delete(store, host);
  });
  world.tell({ what: "hosts" });
  world.tell({ what: "items" });
}

async function clearHistory(world: World): Promise<void> {
  await world.db.change(["items"], async (tx) => {
    for (const { host, id, standing } of await tx.all("items")) {
      if (isOver(standing)) await tx.delete("items", [host, id]);
    }
  });
  world.tell({ what: "items" });
}

/** A carrier's failure, where it is no matter. */
function quiet(error: unknown): void {
  if (!(error instanceof Trouble)) whyOf(error);
}

/** A carrier's failure, in words. */
function unreached(error: unknown): never {
  if (error instanceof CarrierError) throw new Trouble("The host could not be reached. Try again later.");
  throw error;
}
