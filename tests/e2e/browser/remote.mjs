// A phone's browser, driven line by line: one JSON object in, one out. Chromium is Debian's, with a
// phone's viewport and a profile of its own.
//
//   node remote.mjs PROFILE_DIRECTORY

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const app = createRequire(new URL("../../../app/package.json", import.meta.url));
const { chromium } = app("playwright-core");

const PATIENCE = 15_000;

// Without the flags on background networking, it looks for its maker's hosts at every start.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const context = await chromium.launchPersistentContext(process.argv[2], {
  executablePath: "/usr/bin/chromium",
  args: FLAGS,
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
});
context.setDefaultTimeout(PATIENCE);
const page = context.pages()[0] ?? (await context.newPage());
const cdp = await context.newCDPSession(page);

/** What must not happen: errors in the page, and requests to anywhere but its own origin. */
const trouble = [];
page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
page.on("console", (message) => {
  const expected = /404|Failed to load resource|ERR_/;
  if (message.type() === "error" && !expected.test(message.text())) trouble.push(`console: ${message.text()}`);
});
context.on("request", (request) => {
  const origin = new URL(request.url()).origin;
  const own = page.url() === "about:blank" ? origin : new URL(page.url()).origin;
  if (origin !== own && origin !== "null") trouble.push(`request: ${request.url()}`);
});

/** The registration that takes a host's pushes; the app's own keeps files. */
const takesPushes = "/push/";
let registration;
await cdp.send("ServiceWorker.enable");
cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
  const pushes = registrations.find((one) => !one.isDeleted && one.scopeURL.includes(takesPushes));
  registration = pushes?.registrationId ?? registration;
});

/** Does something in the worker that takes pushes. */
async function inWorker(what, given) {
  for (const worker of context.serviceWorkers()) {
    if ((await worker.evaluate(() => self.registration.scope)).includes(takesPushes)) return worker.evaluate(what, given);
  }
  throw new Error("no worker takes pushes");
}

const target = ({ role, name, label, exact = true }) =>
  label === undefined ? page.getByRole(role, { name, exact }).first() : page.getByLabel(label).first();

const commands = {
  async goto({ url }) {
    await page.goto(url);
  },
  async reload() {
    await page.reload();
  },
  async click(what) {
    await target(what).click();
  },
  /** One of several. */
  async choose({ name }) {
    // A label that covers its whole row takes the tap.
    await page.getByRole("radio", { name }).check({ force: true });
  },
  /** Until it can be clicked. */
  async ready(what) {
    await page.waitForFunction(
      (element) => !element.disabled && element.ariaDisabled !== "true",
      await target(what).elementHandle(),
    );
  },
  async fill({ text, ...what }) {
    await target(what).fill(text);
  },
  async see({ text, patience = PATIENCE }) {
    await page.getByText(text).first().waitFor({ state: "visible", timeout: patience });
  },
  async text() {
    return page.locator("body").innerText();
  },
  async shot({ path, dark = false }) {
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.screenshot({ path });
  },
  async axe() {
    await page.evaluate(readFileSync(app.resolve("axe-core/axe.min.js"), "utf8"));
    // A button on its way from one colour to another has neither.
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
    const { violations } = await page.evaluate(() => axe.run(document));
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  },
  /** An authenticator with a finger on it: CTAP 2, built in, which verifies its user. */
  async authenticator() {
    await cdp.send("WebAuthn.enable");
    const options = {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    };
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
    return authenticatorId;
  },
  /** Whether its user is recognized from now on. */
  async verified({ authenticator, is }) {
    await cdp.send("WebAuthn.setUserVerified", { authenticatorId: authenticator, isUserVerified: is });
  },
  /** Chromium's own subscription needs its maker's service: this one is given out in its place. */
  async subscription({ endpoint, p256dh, auth }) {
    await context.grantPermissions(["notifications"]);
    await context.addInitScript(
      (given) => {
        const bytes = (text) =>
          Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)).buffer;
        const keys = { p256dh: bytes(given.p256dh), auth: bytes(given.auth) };
        let current = null;
        const subscription = (options) => ({
          endpoint: given.endpoint,
          expirationTime: null,
          options,
          getKey: (name) => keys[name] ?? null,
          toJSON: () => ({ endpoint: given.endpoint, keys: { p256dh: given.p256dh, auth: given.auth } }),
          unsubscribe: async () => ((current = null), true),
        });
        PushManager.prototype.subscribe = async (options) => (current = subscription(options));
        PushManager.prototype.getSubscription = async () => current;
        PushManager.prototype.permissionState = async () => "granted";
      },
      { endpoint, p256dh, auth },
    );
  },
  /** What a push service would deliver. The protocol carries text only, so it is Base64. */
  async push({ payload }) {
    const origin = new URL(page.url()).origin;
    await cdp.send("ServiceWorker.deliverPushMessage", { origin, registrationId: registration, data: payload });
  },
  async notifications() {
    return inWorker(async () =>
      (await self.registration.getNotifications()).map(({ title, body, tag, actions }) => ({
        title,
        body,
        tag,
        actions: (actions ?? []).map(({ action }) => action),
      })),
    );
  },
  /** A tap on a notification, or on one of its buttons. */
  async tap({ tag, action = "" }) {
    await inWorker(
      async ([tag, action]) => {
        const notification = (await self.registration.getNotifications({ tag }))[0];
        self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
      },
      [tag, action],
    );
  },
  async offline({ is }) {
    await context.setOffline(is);
  },
  async evaluate({ script }) {
    return page.evaluate(script);
  },
  /** Milliseconds to the first paint with content. */
  async painted() {
    return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  },
  async trouble() {
    return trouble;
  },
};

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ ok: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...what } = JSON.parse(line);
  try {
    say({ ok: (await commands[name](what)) ?? null });
  } catch (error) {
    say({ error: String(error.message ?? error), text: await page.locator("body").innerText().catch(() => "") });
  }
}
await context.close();
