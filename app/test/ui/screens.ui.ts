// Each screen, in both schemes and at several sizes: nothing is wrong with it, and there is a picture of it.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";

import { BUILD, fitsSideways, ID, isAccessible, open, REQUEST, SCREENS, WEB, withBrowser } from "./phone.ts";

withBrowser();

interface Screen {
  readonly hash: string;
  readonly world?: string;
  readonly ios?: boolean;
  readonly then?: (page: Page) => Promise<void>;
}

async function pairUntil(page: Page, step: object): Promise<void> {
  await page.getByLabel("Name of this phone").fill("Mira's phone");
  await page.getByRole("button", { name: "Pair" }).click();
  await page.evaluate((next) => fake.core.step(next as Parameters<typeof fake.core.step>[0]), step);
}

async function ready(page: Page): Promise<void> {
  await page.evaluate(() => fake.clock.advance(700));
}

const SHOWN: Readonly<Record<string, Screen>> = {
  inbox: { hash: "#/" },
  "inbox-calm": { hash: "#/", world: "calm" },
  "inbox-empty": { hash: "#/", world: "empty", ios: true },
  "inbox-trouble": { hash: "#/", world: "trouble" },
  "inbox-alarm": { hash: "#/", world: "alarm" },
  request: { hash: REQUEST(1), then: ready },
  "request-long": {
    hash: REQUEST(2),
    then: async (page) => page.getByRole("button", { name: "Show all 3000 words" }).click(),
  },
  "request-hostile": { hash: REQUEST(3), then: ready },
  "request-script": {
    hash: REQUEST(4),
    then: async (page) => {
      await ready(page);
      await page.getByRole("button", { name: "Show contents" }).click();
      await page.getByText("The hash is right").waitFor();
    },
  },
  "request-shell": { hash: REQUEST(5), then: ready },
  "request-piped": { hash: REQUEST(6), then: ready },
  "request-parents": { hash: REQUEST(7), then: ready },
  "request-unreadable": { hash: `#/r/${BUILD}/broken`, then: ready },
  "request-expired": { hash: REQUEST(1), then: (page) => page.evaluate(() => fake.clock.advance(61_000)) },
  "request-denied": { hash: REQUEST(104), world: "calm" },
  "request-unsent": { hash: `#/r/${BUILD}/${ID(101)}`, world: "calm" },
  "request-gone": { hash: "#/r/none/none" },
  deny: {
    hash: REQUEST(1),
    then: async (page) => {
      await ready(page);
      await page.getByRole("button", { name: "Deny" }).click();
    },
  },
  history: { hash: "#/history" },
  "history-empty": { hash: "#/history", world: "empty" },
  hosts: { hash: "#/hosts", world: "trouble" },
  host: { hash: `#/h/${WEB}` },
  "host-alarm": { hash: `#/h/${WEB}`, world: "alarm" },
  "host-revoked": { hash: `#/h/${BUILD}`, world: "trouble" },
  pair: { hash: "#pair=good" },
  "pair-known": { hash: "#pair=good-known" },
  "pair-old": { hash: "#pair=good", world: "old" },
  "pair-paste": { hash: "#/pair", world: "empty" },
  "pair-wrong": { hash: "#pair=wrong", world: "empty" },
  "pair-words": {
    hash: "#pair=good",
    then: (page) => pairUntil(page, { step: "words", words: "anchor bishop cradle dolphin" }),
  },
  "pair-done": { hash: "#pair=good", then: (page) => pairUntil(page, { step: "paired", host: WEB }) },
  "pair-refused": { hash: "#pair=good", then: (page) => pairUntil(page, { step: "refused" }) },
  "pair-failed": {
    hash: "#pair=good",
    then: (page) => pairUntil(page, { step: "failed", why: "The passkey was not used. Try again." }),
  },
  about: { hash: "#/about" },
};

/** What people set: each is looked at in turn. */
const LOOKS = {
  light: { scheme: "light", width: 390, height: 844, text: 1 },
  dark: { scheme: "dark", width: 390, height: 844, text: 1 },
  narrow: { scheme: "light", width: 320, height: 568, text: 2 },
  desktop: { scheme: "dark", width: 1280, height: 800, text: 1 },
} as const;

test.each(Object.entries(SHOWN))("%s", async (name, screen) => {
  const { world = "rich", ios = false } = screen;
  const phone = await open(screen.hash, { world, ios });
  const { page } = phone;
  await screen.then?.(page);
  for (const [as, { scheme, width, height, text }] of Object.entries(LOOKS)) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    await page.evaluate((size) => (document.documentElement.style.fontSize = `${size * 100}%`), text);
    await page.screenshot({ path: `${SCREENS}${name}-${as}.png` });
    await fitsSideways(page);
    if (text === 1 && width < 1000) await isAccessible(page);
  }
  expect(await page.locator("h1").count()).toBe(1);
  phone.isClean();
  await phone.close();
});
