// The other screens: pairing, hosts, history, and what is told everywhere.

import { expect, test } from "vitest";

import { BUILD, open, WEB, withBrowser } from "./phone.ts";

withBrowser();

test("a link is answered with a name and a key of choice, and leaves the address bar", async () => {
  const phone = await open("#pair=good", { world: "calm" });
  const { page } = phone;
  expect(page.url()).not.toContain("pair=");
  await page.getByText("https://web-01.example:8443").waitFor();
  const pair = page.getByRole("button", { name: "Pair", exact: true });
  expect(await pair.isDisabled()).toBe(true);
  await page.getByLabel("Name of this phone").fill(" Mira's phone ");
  expect(await page.getByRole("radio", { name: "Passkey", exact: true }).isChecked()).toBe(true);
  await page.getByRole("radio", { name: "Key in this browser", exact: true }).click();
  await pair.click();
  expect(await page.evaluate(() => fake.core.calls)).toContain("pair #pair=good Mira's phone ed25519");
  await page.evaluate(() => fake.core.step({ step: "words", words: "anchor bishop cradle dolphin" }));
  await page.getByText("Compare with the terminal").waitFor();
  await page.getByText("anchor bishop cradle dolphin", { exact: true }).waitFor();
  await page.evaluate(() => fake.core.step({ step: "paired", host: "3f9ac21b77de0481" }));
  await page.getByText("Paired", { exact: true }).waitFor();
  phone.isClean();
  await phone.close();
});

test("a pasted link is read, what is none is said to be none and stays", async () => {
  const phone = await open("#/pair", { world: "empty" });
  const { page } = phone;
  await page.getByLabel("Paste a link").fill("https://web-01.example/#pair=bad");
  await page.getByRole("button", { name: "Read the link" }).click();
  await page.getByText("This is no whole link of a host").waitFor();
  expect(await page.getByLabel("Paste a link").inputValue()).toBe("https://web-01.example/#pair=bad");
  await page.getByLabel("Paste a link").fill("https://web-01.example/#pair=good");
  await page.getByRole("button", { name: "Read the link" }).click();
  await page.getByLabel("Name of this phone").waitFor();
  phone.isClean();
  await phone.close();
});

test("whoever leaves gives the pairing up; what failed can be tried again", async () => {
  const phone = await open("#pair=good", { world: "calm" });
  const { page } = phone;
  await page.getByLabel("Name of this phone").fill("phone");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await page.evaluate(() => fake.core.step({ step: "failed", why: "The passkey was not used. Try again." }));
  await page.getByText("The passkey was not used").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Name of this phone").waitFor();
  await page.getByRole("link", { name: "History" }).click();
  await page.getByRole("heading", { name: "History" }).waitFor();
  expect(await page.evaluate(() => fake.core.calls)).toContain("stop");
  phone.isClean();
  await phone.close();
});

test("without passkeys the other key is chosen, and why is said", async () => {
  const phone = await open("#pair=good", { world: "old" });
  const radio = (name: string) => phone.page.getByRole("radio", { name, exact: true });
  expect(await radio("Passkey").isDisabled()).toBe(true);
  expect(await radio("Key in this browser").isChecked()).toBe(true);
  await phone.page.getByText("This browser has no passkeys here").waitFor();
  phone.isClean();
  await phone.close();
});

test("an alarm is on each screen until somebody has opened it and dismissed it there", async () => {
  const phone = await open("#/", { world: "alarm" });
  const { page } = phone;
  const alarm = page.getByRole("alert").filter({ hasText: "The audit log of web-01 went back." });
  for (const hash of ["#/", "#/history", "#/about", "#/hosts", `#/h/${BUILD}`]) {
    await page.evaluate((to) => (location.hash = to), hash);
    await alarm.waitFor();
  }
  expect(await page.getByRole("button", { name: /dismiss/ }).count()).toBe(1);
  await page.evaluate((to) => (location.hash = to), "#/");
  expect(await page.getByRole("button", { name: /dismiss/ }).count()).toBe(0);
  await alarm.getByRole("link").click();
  await page.getByRole("button", { name: /dismiss/ }).click();
  await page.getByRole("link", { name: "Inbox" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  expect(await alarm.count()).toBe(0);
  phone.isClean();
  await phone.close();
});

test("notifications are turned on and off with a tap", async () => {
  const phone = await open(`#/h/${WEB}`);
  await phone.page.getByRole("button", { name: "Turn on notifications", exact: true }).click();
  await phone.page.getByRole("button", { name: "Turn off notifications", exact: true }).click();
  await phone.page.getByRole("button", { name: "Turn on notifications", exact: true }).waitFor();
  phone.isClean();
  await phone.close();
});

test("a host is forgotten after a second question", async () => {
  const phone = await open(`#/h/${WEB}`);
  await phone.page.getByRole("button", { name: "Forget this host", exact: true }).click();
  await phone.page.getByText("aisudo revoke 5d0f7a6b1c2e3d4f").waitFor();
  await phone.page.getByRole("button", { name: "Forget", exact: true }).click();
  await phone.page.getByRole("heading", { name: "Hosts" }).waitFor();
  expect(await phone.page.getByText("web-01.example").count()).toBe(0);
  phone.isClean();
  await phone.close();
});

test("a host that revoked this phone is said to have done so", async () => {
  const phone = await open(`#/h/${BUILD}`, { world: "trouble" });
  await phone.page.getByText("Revoked: root took this phone off the host's list").waitFor();
  phone.isClean();
  await phone.close();
});

test("the history is found by host and by text", async () => {
  const phone = await open("#/history", { world: "calm" });
  const { page } = phone;
  const items = page.getByRole("list", { name: "Past requests" }).getByRole("listitem");
  expect(await items.count()).toBe(11);
  await page.getByLabel("Host").selectOption("build");
  expect(await items.count()).toBe(5);
  await page.getByLabel("Text").fill("UNIT-3 restart");
  expect(await items.count()).toBe(1);
  await page.getByLabel("Text").fill("nothing like it");
  await page.getByText("0 requests").waitFor();
  phone.isClean();
  await phone.close();
});

test("each link in the inbox has the command in its name; who asked first is first and stays", async () => {
  const phone = await open("#/", { world: "one" });
  const { page } = phone;
  const waiting = page.getByRole("region", { name: "Waiting" }).getByRole("link");
  expect(await waiting.count()).toBe(1);
  await page.getByRole("link", { name: "apt install --yes ripgrep" }).waitFor();
  const before = await waiting.first().boundingBox();
  await page.evaluate(() => {
    const { core, samples } = fake;
    core.put(samples.item(samples.BUILD, samples.FAREWELL, { deadlineMs: samples.NOW_MS + 5_000 }));
  });
  await page.getByRole("link", { name: "reboot" }).waitFor();
  expect(await waiting.first().boundingBox()).toEqual(before);
  expect(await page.title()).toBe("(2) Inbox · aisudo");
  expect(await page.getByRole("status").last().innerText()).toContain("A new request waits: agent on web-01");
  phone.isClean();
  await phone.close();
});

test("to go to another screen is to be at its heading", async () => {
  const phone = await open("#/", { world: "calm" });
  const { page } = phone;
  for (const name of ["History", "Hosts", "Inbox"]) {
    await page.getByRole("link", { name }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(name);
  }
  phone.isClean();
  await phone.close();
});
