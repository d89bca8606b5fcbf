// Answering: what a thumb, a keyboard and a hasty person can and cannot do.

import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";

import { BUILD, ID, open, type Phone, REQUEST, WEB, withBrowser } from "./phone.ts";

withBrowser();

const GUARD_MS = 700;

const approve = (page: Page): Locator => page.getByRole("button", { name: "Approve", exact: true });
const deny = (page: Page): Locator => page.getByRole("button", { name: "Deny", exact: true });
const decided = (page: Page) => page.evaluate(() => fake.core.decided);
const digestOf = (page: Page, number: number) => {
  return page.evaluate((of) => fake.core.snapshot().items.find(({ id }) => id === of)?.digest, ID(number));
};

/** Puts another request in the place of the first. */
async function replaceFirst(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { core, samples } = fake;
    const other = samples.run(1, ["rm", "-rf", "/srv"]);
    core.put(samples.item(samples.WEB, other, { deadlineMs: samples.NOW_MS + 60_000 }));
  });
}

async function end(phone: Phone): Promise<void> {
  phone.isClean();
  await phone.close();
}

test("a22: a request is on the screen for 700 ms before it can be answered", async () => {
  const phone = await open(REQUEST(1));
  await phone.advance(GUARD_MS - 1);
  expect(await approve(phone.page).isDisabled()).toBe(true);
  expect(await deny(phone.page).isDisabled()).toBe(true);
  await phone.advance(1);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  expect(await deny(phone.page).isEnabled()).toBe(true);
  await approve(phone.page).click();
  await phone.page.getByText("Sending…").first().waitFor();
  const digest = await digestOf(phone.page, 1);
  expect(await decided(phone.page)).toMatchObject([{ host: WEB, digest, verdict: "approve", note: "" }]);
  await end(phone);
});

test("a22: a request that takes another's place shuts the buttons and says so", async () => {
  const phone = await open(REQUEST(1));
  await phone.advance(GUARD_MS);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  await replaceFirst(phone.page);
  expect(await approve(phone.page).isDisabled()).toBe(true);
  await phone.page.getByText("This is another request than a moment ago").waitFor();
  await phone.advance(GUARD_MS);
  await approve(phone.page).click();
  const [one] = await decided(phone.page);
  expect(one?.digest).toBe(await digestOf(phone.page, 1));
  await end(phone);
});

test.each(["mouse", "finger"])("a22: a press (%s) that began before does not count", async (by) => {
  const phone = await open(REQUEST(1), { touch: by === "finger" });
  const box = await approve(phone.page).boundingBox();
  const [x, y] = [(box?.x ?? 0) + 20, (box?.y ?? 0) + 20];
  const cdp = await phone.page.context().newCDPSession(phone.page);
  const touch = (type: "touchStart" | "touchEnd") => {
    const touchPoints = type === "touchStart" ? [{ x, y }] : [];
    return cdp.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  const down = () => (by === "finger" ? touch("touchStart") : phone.page.mouse.down());
  const up = () => (by === "finger" ? touch("touchEnd") : phone.page.mouse.up());
  const settle = () => phone.page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  await phone.page.mouse.move(x, y);

  await down();
  await phone.advance(GUARD_MS);
  await up();
  await settle();
  expect(await decided(phone.page)).toEqual([]);

  await down();
  await replaceFirst(phone.page);
  await phone.advance(GUARD_MS);
  await up();
  await settle();
  expect(await decided(phone.page)).toEqual([]);

  await down();
  await up();
  await settle();
  expect(await decided(phone.page)).toHaveLength(1);
  await end(phone);
});

test("a22: a request that comes meanwhile moves and replaces nothing", async () => {
  const phone = await open(REQUEST(1), { world: "one" });
  await phone.advance(GUARD_MS);
  const before = await approve(phone.page).boundingBox();
  await phone.page.evaluate(() => {
    const { core, samples } = fake;
    core.put(samples.item(samples.BUILD, samples.FAREWELL));
  });
  await phone.page.getByText("1 other waiting").waitFor();
  expect(await approve(phone.page).boundingBox()).toEqual(before);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  expect(await phone.page.getByRole("heading", { level: 1 }).innerText()).toContain("agent on web-01");
  await end(phone);
});

test("whoever comes back to the page is given the same time again", async () => {
  const phone = await open(REQUEST(1));
  await phone.advance(GUARD_MS);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  await phone.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  expect(await approve(phone.page).isDisabled()).toBe(true);
  await phone.advance(GUARD_MS);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  await end(phone);
});

test("a18: a long command is approved only when all of it was asked for, and its end was on the screen", async () => {
  const phone = await open(REQUEST(2));
  const words = phone.page.getByRole("list", { name: "Words of the command" }).getByRole("listitem");
  await phone.advance(GUARD_MS);
  // Both ends.
  expect(await words.count()).toBe(100);
  expect(await words.last().innerText()).toBe("/srv/data/part-2997");
  expect(await approve(phone.page).isDisabled()).toBe(true);
  expect(await deny(phone.page).isEnabled()).toBe(true);
  await phone.page.getByRole("button", { name: "Show all 3000 words" }).click();
  expect(await words.count()).toBe(3000);
  expect(await words.last().innerText()).toBe("/srv/data/part-2997");
  await phone.page.getByText("Read to the command's end first").waitFor();
  expect(await approve(phone.page).isDisabled()).toBe(true);
  await words.last().evaluate((word) => word.scrollIntoView({ block: "center" }));
  await phone.page.getByText("Time left").waitFor();
  expect(await approve(phone.page).isEnabled()).toBe(true);
  await end(phone);
});

test("a17: what would deceive is written out, word by word", async () => {
  const phone = await open(REQUEST(3));
  const words = phone.page.getByRole("list", { name: "Words of the command" }).getByRole("listitem");
  expect(await words.allInnerTexts()).toEqual([
    "echo",
    '"\\u{202e}txt.exe\\u{202c}"',
    '"a\\nb\\x1b[2J"',
    '"pass\\u{200b}word"',
    '"\\u{430}pt"',
    '"\\{40 blanks}; rm -rf /"',
    '"\\xff\\xfeA"',
    '"[1] approve"',
  ]);
  await phone.page.getByText("It came from the host that you paired as web-01.").waitFor();
  const odd = await phone.page.evaluate(() => document.body.innerText.match(/[^\n\t\x20-\x7e\u00a0…“”·–]/g));
  expect(odd).toBeNull();
  await end(phone);
});

test("a request that cannot be read can be denied and not approved", async () => {
  const phone = await open(`#/r/${BUILD}/broken`);
  await phone.advance(GUARD_MS);
  expect(await approve(phone.page).isDisabled()).toBe(true);
  expect(await deny(phone.page).isEnabled()).toBe(true);
  await end(phone);
});

test("a note has at most 500 bytes, counted as bytes, and is not lost when it is too long", async () => {
  const phone = await open(REQUEST(1));
  const { page } = phone;
  await phone.advance(GUARD_MS);
  await deny(page).click();
  const send = page.getByRole("button", { name: "Deny this request" });
  // 250 letters of two bytes each.
  await page.getByLabel("Note").fill("é".repeat(250));
  await page.getByText("500 of 500 bytes").waitFor();
  expect(await send.isEnabled()).toBe(true);
  await page.getByLabel("Note").fill("é".repeat(250) + "x");
  await page.getByText("1 byte too long").waitFor();
  expect(await send.isDisabled()).toBe(true);
  expect(await page.getByLabel("Note").inputValue()).toHaveLength(251);
  await page.getByLabel("Note").fill("  Not now.\nAsk again tomorrow. ");
  await send.click();
  await page.getByText("Sending…").first().waitFor();
  expect(await decided(page)).toMatchObject([{ verdict: "deny", note: "Not now.\nAsk again tomorrow." }]);
  await end(phone);
});

test("Back and Escape leave the dialog, and nothing was answered", async () => {
  const phone = await open(REQUEST(1));
  const { page } = phone;
  await phone.advance(GUARD_MS);
  await deny(page).click();
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await deny(page).click();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  expect(await decided(page)).toEqual([]);
  await end(phone);
});

test("all of it by keyboard: from the inbox to a no with a note", async () => {
  const phone = await open("#/", { world: "one" });
  const { page } = phone;
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  const tabTo = async (text: string) => {
    for (let steps = 0; steps < 30; steps += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()).includes(text)) return;
    }
    throw new Error(`${text} is not reached by Tab`);
  };
  await tabTo("apt install --yes ripgrep");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await expect.poll(focused).toContain("asks to run a command as root");
  await phone.advance(GUARD_MS);
  await tabTo("Deny");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.getByLabel("Note").focus();
  await page.keyboard.type("No");
  await tabTo("Deny this request");
  await page.keyboard.press("Enter");
  await page.getByText("Sending…").first().waitFor();
  expect(await decided(page)).toMatchObject([{ verdict: "deny", note: "No" }]);
  await end(phone);
});

test("a passkey that fails is told beside the buttons, which open again", async () => {
  const phone = await open(REQUEST(1));
  await phone.page.evaluate(() => (fake.core.decides = "fails"));
  await phone.advance(GUARD_MS);
  await approve(phone.page).click();
  await phone.page.getByText("The passkey was not used. Try again.").waitFor();
  await expect.poll(() => approve(phone.page).isEnabled()).toBe(true);
  expect(await decided(phone.page)).toEqual([]);
  await end(phone);
});

test("when the time is over nothing can be answered any more", async () => {
  const phone = await open(REQUEST(1));
  await phone.advance(59_999);
  expect(await approve(phone.page).isEnabled()).toBe(true);
  await phone.advance(1);
  await phone.page.getByText("Expired").first().waitFor();
  expect(await approve(phone.page).count()).toBe(0);
  await end(phone);
});

test("the contents of a changeable file are shown by lines, and a wrong hash is said loudly", async () => {
  const phone = await open(REQUEST(4));
  const { page } = phone;
  const show = page.getByRole("button", { name: "Show contents", exact: true });
  await page.evaluate(() => (fake.core.answer = { kind: "wrong" }));
  await show.click();
  await page.getByText("What came is not that file").waitFor();
  await page.reload();
  await show.click();
  const region = page.getByRole("region", { name: "Contents of /home/agent/site/deploy.sh" });
  const lines = await region.getByRole("listitem").allInnerTexts();
  expect(lines[0]).toBe("#!/bin/sh");
  expect(lines[6]).toBe("echo \\x1b[2J\\u{202e}done");
  await end(phone);
});
