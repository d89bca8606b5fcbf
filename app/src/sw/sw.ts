// The service worker: the app's files without a network, pushes, and answers from notifications. The same
// script serves the app (scope: the app's folder) and, for each host, its pushes (scope: `push/HOST/`).

import { random } from "../seal/envelope.ts";
import { openChannel } from "../core/channel.ts";
import { openDb } from "../core/db.ts";
import { direct } from "../core/direct.ts";
import { alone } from "../core/lead.ts";
import { hostOf, subscribeAndTell } from "../core/push.ts";
import { sleep } from "../core/sleep.ts";
import type { World } from "../core/world.ts";
import { type Files, keep, kept, keptFor, tidy } from "./files.ts";
import type { Notice, Shown } from "./notices.ts";
import { render } from "./render.ts";
import { type Desk, online, pushed, tapped } from "./worker.ts";

declare const self: ServiceWorkerGlobalScope;
/** By the build: `vite/worker.ts`. */
declare const AISUDO_FILES: Files;

const FILES = AISUDO_FILES;
const BASE = new URL(".", self.location.href).href;
const HOST = hostOf(self.registration.scope);
const db = openDb();
const channel = openChannel();

self.addEventListener("install", (event) => {
  void self.skipWaiting();
  if (HOST === undefined) event.waitUntil(keep(FILES, caches));
});

self.addEventListener("activate", (event) => {
  if (HOST === undefined) event.waitUntil(tidy(FILES, caches).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = keptFor(event.request, FILES, BASE);
  if (url !== undefined) event.respondWith(stored(url, event.request));
  else if (event.request.mode === "navigate") event.respondWith(fetched(event.request));
});

self.addEventListener("push", (event) => {
  const data = event.data?.arrayBuffer();
  during(event, (world) => pushed(world, desk, HOST ?? "", data && new Uint8Array(data)));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  during(event, (world) => tapped(world, desk, (event.notification.data ?? {}) as Shown, event.action));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  during(event as ExtendableEvent, async (world) => {
    const row = await db.read(["hosts"], (tx) => tx.get("hosts", HOST ?? ""));
    if (row?.push.wanted) await subscribeAndTell(world, self.registration, row, true);
  });
});

// Background Sync is not in every browser, and not in TypeScript's DOM.
self.addEventListener("sync" as "message", (event) => {
  during(event, (world) => online(world, desk));
});

const desk: Desk = {
  show: (notice) => self.registration.showNotification(notice.title, optionsOf(notice)),
  open: async (hash) => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find(({ url }) => url.startsWith(BASE));
    if (page === undefined) await self.clients.openWindow(BASE + hash);
    else (await page.focus()).postMessage({ open: hash });
  },
  whenOnline: async () => {
    const { sync } = self.registration as { readonly sync?: { register(tag: string): Promise<void> } };
    await sync?.register("outbox").catch(() => undefined);
  },
  buttons: (Notification as unknown as { maxActions?: number }).maxActions ?? 0,
  render,
};

const BUTTONS = { approve: "Approve", deny: "Deny" };

/** `actions` and `renotify` are not in TypeScript's DOM: not every browser has them. */
function optionsOf({ body, tag, data, loud, actions }: Notice): NotificationOptions {
  const more = {
    actions: actions.map((action) => ({ action, title: BUTTONS[action] })),
    renotify: loud,
  };
  return { ...more, body, tag, data, silent: !loud, requireInteraction: loud };
}

/** Does something before the worker may be stopped, with all that comes of it. */
function during(event: ExtendableEvent, work: (world: World) => Promise<void>): void {
  const left = new Set<Promise<void>>();
  const world: World = {
    ...{ db, carrier: direct, now: Date.now, draw: random, sleep, lead: alone },
    tell: (news) => channel.post(news),
    later: (more) => {
      const done = more().finally(() => left.delete(done));
      left.add(done);
    },
  };
  const all = async () => {
    await work(world);
    while (left.size > 0) await Promise.allSettled(left);
  };
  event.waitUntil(all());
}

async function stored(url: string, request: Request): Promise<Response> {
  return (await kept(url, FILES, caches)) ?? fetch(request);
}

async function fetched(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const index = await kept(BASE, FILES, caches);
    if (index === undefined) throw error;
    return index;
  }
}
