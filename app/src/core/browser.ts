// The core in a real page.

import { random } from "../seal/envelope.ts";
import { openChannel } from "./channel.ts";
import { type RunningCore, startCore } from "./core.ts";
import { openDb } from "./db.ts";
import { direct } from "./direct.ts";
import { alone, type Eyes, leadBy } from "./lead.ts";
import { passkeysAt } from "./passkey.ts";
import type { Pushes } from "./push.ts";
import { sleep } from "./sleep.ts";
import type { Passkeys } from "./world.ts";

/** Starts the core, and the service worker with it. */
export function startInBrowser(): RunningCore {
  const base = new URL(".", document.baseURI).href;
  const [passkeys, pushes] = [passkeysHere(), pushesHere(base)];
  const lead = "locks" in navigator ? leadBy(navigator.locks, eyes) : alone;
  const outside = { db: openDb(), carrier: direct, now: Date.now, draw: random, sleep, lead };
  serveOffline(base);
  return startCore(
    { ...outside, ...(passkeys && { passkeys }) },
    {
      home: base.replace(/\/$/, ""),
      ...(pushes && { pushes }),
      hideLink,
      onWake: (wake) => {
        eyes.onLook(wake);
        window.addEventListener("online", wake);
      },
      channel: openChannel(),
    },
  );
}

const eyes: Eyes = {
  looks: () => document.visibilityState === "visible",
  onLook: (look) => {
    const looked = () => {
      if (eyes.looks()) look();
    };
    document.addEventListener("visibilitychange", looked);
    window.addEventListener("pageshow", looked);
    return () => {
      document.removeEventListener("visibilitychange", looked);
      window.removeEventListener("pageshow", looked);
    };
  },
};

/** A link holds a secret: it is taken out of the address bar and of the history. */
function hideLink(): void {
  if (!location.hash.startsWith("#pair=")) return;
  history.replaceState(history.state, "", location.pathname + location.search);
}

function passkeysHere(): Passkeys | undefined {
  if (!("PublicKeyCredential" in window)) return undefined;
  const { credentials } = navigator;
  return passkeysAt({ credentials, rpId: location.hostname, origin: location.origin });
}

function pushesHere(base: string): Pushes | undefined {
  const has = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!has) return undefined;
  return { workers, notifications: Notification, base };
}

/** Has the service worker keep the app's files. A page that a notification leads to goes where that says. */
function serveOffline(base: string): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<{ open?: unknown }>) => {
    if (typeof data.open === "string" && data.open.startsWith("#/")) location.hash = data.open;
  });
  // Without it the app works as well, as long as there is a network.
  workers.register(`${base}sw.js`, { scope: base, updateViaCache: "none" }).catch(() => undefined);
}

/** The browser's, for pages whose policy asks for Trusted Types: the name of a script is one of ours alone. */
const workers: Pushes["workers"] = {
  register: (url, options) => navigator.serviceWorker.register(trusted(String(url)), options),
  getRegistration: (scope) => navigator.serviceWorker.getRegistration(scope),
};

/** What browsers with Trusted Types have, which the types of the DOM do not know yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** A policy can be made once. */
let policy: { createScriptURL(url: string): string } | undefined;

function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  policy ??= trustedTypes?.createPolicy("aisudo-worker", { createScriptURL: (given) => given });
  return policy?.createScriptURL(url) ?? url;
}
