// A real browser with the screens in it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject } from "vitest";

import type { Fake } from "./entry.ts";
import { APP } from "./serve.ts";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

declare global {
  // In the page.
  var fake: Fake;
  var axe: { run(on: Document, options: object): Promise<{ violations: Violation[] }> };
}

export const SCREENS = `${APP}../target/screens/ui/`;
export const ID = (number: number): string => `018f3c1a-0000-7000-8000-${String(number).padStart(12, "0")}`;
export const WEB = "3f9ac21b77de0481";
export const BUILD = "a0b1c2d3e4f56789";
export const REQUEST = (number: number): string => `#/r/${WEB}/${ID(number)}`;

export interface Look {
  readonly world?: string;
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly touch?: boolean;
  /** The phone is one of Apple's. */
  readonly ios?: boolean;
}

export interface Phone {
  readonly page: Page;
  /** Lets time go on, for the screens. */
  advance(ms: number): Promise<void>;
  /** Nothing was asked of others, nothing broke, and the policy forbade nothing. */
  isClean(): void;
  close(): Promise<void>;
}

let browser: Browser;

/** To be called once in each file. */
export function withBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(() => browser.close());
}

export async function open(hash: string, look: Look = {}): Promise<Phone> {
  const { world = "rich", dark = false, width = 390, height = 844, touch = false, ios = false } = look;
  const origin = inject("origin");
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
    timezoneId: "UTC",
    hasTouch: touch,
    reducedMotion: "reduce",
  });
  const wrong: string[] = [];
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()}`);
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) wrong.push(`request: ${request.url()}`);
  });
  await page.goto(`${origin}/?world=${world}${ios ? "&ios" : ""}${hash}`);
  await page.locator("h1").waitFor();
  return {
    page,
    advance: (ms) => page.evaluate((more) => fake.clock.advance(more), ms),
    isClean: () => expect(wrong).toEqual([]),
    close: () => context.close(),
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What a checker of accessibility finds: nothing. */
export async function isAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  expect(found).toEqual([]);
}

/** Nothing is wider than the screen. */
export async function fitsSideways(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const tooFar = (one: Element) => one.getBoundingClientRect().right > root.clientWidth + 1;
    const wide = [...document.querySelectorAll("body *")].filter(tooFar);
    return wide.map((one) => one.outerHTML.slice(0, 80)).concat("too wide");
  });
  expect(wide).toEqual([]);
}
