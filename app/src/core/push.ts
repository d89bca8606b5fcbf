// Web Push: for each host a registration of the service worker with a scope of its own, as a browser has one
// subscription, for one server's key, in each.

import { base64url, fromBase64url } from "../seal/index.ts";
import { tellHost } from "./inbox.ts";
import type { Subscription } from "./message.ts";
import type { HostRow, PushRow } from "./rows.ts";
import type { Host } from "./types.ts";
import { Trouble, type World } from "./world.ts";

/** What a page has for pushes. */
export interface Pushes {
  readonly workers: Pick<ServiceWorkerContainer, "register" | "getRegistration">;
  readonly notifications: { readonly permission: string; requestPermission(): Promise<string> };
  /** Where the app is, with a slash at the end. */
  readonly base: string;
}

const SCOPE = "push/";

/** What the pushes of one host are received in. */
export function scopeOf(host: string, base: string): string {
  return `${base}${SCOPE}${host}/`;
}

/** The host that a scope belongs to; nothing for that of the app itself. */
export function hostOf(scope: string): string | undefined {
  return /\/push\/([0-9a-f]{16})\/$/.exec(scope)?.[1];
}

export function pushState(push: PushRow, pushes: Pushes | undefined): Host["push"] {
  if (pushes === undefined) return "unsupported";
  if (push.key === undefined) return "not offered";
  if (pushes.notifications.permission === "denied") return "blocked";
  if (!push.wanted || pushes.notifications.permission !== "granted") return "off";
  return push.told === undefined || push.works === false ? "broken" : "on";
}

/** Asks the person, subscribes, and tells the host. From a tap. */
export async function enablePush(world: World, pushes: Pushes, host: string): Promise<void> {
  // Before all else: a browser asks only as long as it remembers the tap.
  const permission = await pushes.notifications.requestPermission();
  world.tell({ what: "hosts" });
  if (permission !== "granted") {
    throw new Trouble("Notifications are not allowed: allow them for this page in the browser's settings.");
  }
  const row = await changePush(world, host, (push) => ({ ...push, wanted: true }));
  if (row === undefined) return;
  const registration = await registered(pushes, host);
  // What does not work shall not be found again.
  if (row.push.works === false) await (await registration.pushManager.getSubscription())?.unsubscribe();
  await subscribeAndTell(world, registration, row, true);
}

/** Tells the host to push no more, and gives the subscription up. */
export async function disablePush(world: World, pushes: Pushes, host: string): Promise<void> {
  await changePush(world, host, ({ told: _, ...push }) => ({ ...push, wanted: false }));
  const registration = await pushes.workers.getRegistration(scopeOf(host, pushes.base));
  if (registration !== undefined && hostOf(registration.scope) === host) {
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    await registration.unregister();
  }
  await tellHost(world, host, { say: "push", subscription: null });
}

/** After the host has said what it knows: subscribes again what was lost, and tells what it does not know. */
export async function resyncPush(world: World, pushes: Pushes, host: string): Promise<void> {
  const row = await world.db.read(["hosts"], (tx) => tx.get("hosts", host));
  if (!row?.push.wanted || row.revoked || pushes.notifications.permission !== "granted") return;
  const registration = await registered(pushes, host);
  void registration.update().catch(() => undefined);
  await subscribeAndTell(world, registration, row, row.push.works === undefined);
}

/** Subscribes, unless that is done. Tells the host, if it `must` or does not know the place. */
export async function subscribeAndTell(
  world: World,
  registration: Pick<ServiceWorkerRegistration, "pushManager">,
  { id, push }: HostRow,
  must: boolean,
): Promise<void> {
  const key = push.key === undefined ? undefined : fromBase64url(push.key);
  if (key === undefined || push.key === undefined) return;
  let found = await registration.pushManager.getSubscription();
  const theirs = found?.options.applicationServerKey;
  if (found !== null && theirs && base64url(new Uint8Array(theirs)) !== push.key) {
    await found.unsubscribe();
    found = null;
  }
  const subscription = written(found ?? (await subscribed(registration, key)));
  if (!must && subscription.endpoint === push.told) return;
  await tellHost(world, id, { say: "push", subscription });
  await changePush(world, id, ({ works: _, ...now }) => ({ ...now, told: subscription.endpoint }));
}

async function subscribed(
  registration: Pick<ServiceWorkerRegistration, "pushManager">,
  applicationServerKey: BufferSource,
): Promise<PushSubscription> {
  try {
    return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  } catch {
    throw new Trouble("The browser could not subscribe to notifications. Try again later.");
  }
}

function written(subscription: PushSubscription): Subscription {
  const [p256dh, auth] = [subscription.getKey("p256dh"), subscription.getKey("auth")];
  if (p256dh === null || auth === null) throw new Trouble("This browser's notifications cannot be sealed.");
  const text = (key: ArrayBuffer) => base64url(new Uint8Array(key));
  return { endpoint: subscription.endpoint, p256dh: text(p256dh), auth: text(auth) };
}

/** The host's registration, with a worker that runs. */
async function registered(pushes: Pushes, host: string): Promise<ServiceWorkerRegistration> {
  const registration = await pushes.workers.register(`${pushes.base}sw.js`, {
    scope: scopeOf(host, pushes.base),
    updateViaCache: "none",
  });
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  while (worker !== null && worker.state !== "activated" && worker.state !== "redundant") {
    await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  }
  return registration;
}

async function changePush(
  world: World,
  host: string,
  change: (push: PushRow) => PushRow,
): Promise<HostRow | undefined> {
  const after = await world.db.change(["hosts"], async (tx) => {
    const row = await tx.get("hosts", host);
    if (row === undefined) return undefined;
    const next = { ...row, push: change(row.push) };
    await tx.put("hosts", next);
    return next;
  });
  world.tell({ what: "hosts" });
  return after;
}
