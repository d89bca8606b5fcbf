// The service worker: a push is a notification, always; a tap may be an answer.

import { beforeEach, describe, expect, test } from "vitest";

import type { Notice } from "../src/sw/notices.ts";
import { type Desk, online, pushed, tapped } from "../src/sw/worker.ts";
import { passkeysAt } from "../src/core/passkey.ts";
import { base64url, utf8 } from "../src/seal/bytes.ts";
import { Authenticator } from "./authenticator.ts";
import { type Asked, type Device, FakeHost } from "./host.ts";
import { Phone } from "./phone.ts";

let host: FakeHost;
let phone: Phone;
let device: Device;
let shown: Notice[];
let opened: string[];
let waiting: number;
let whole: boolean;
let desk: Desk;

beforeEach(async () => {
  [host, shown, opened, waiting, whole] = [new FakeHost(), [], [], 0, true];
  phone = new Phone([host]);
  device = await phone.pair(host);
  desk = {
    show: async (notice) => void shown.push(notice),
    open: async (hash) => void opened.push(hash),
    whenOnline: async () => void (waiting += 1),
    buttons: 2,
    render: (frozen, code) => ({ title: `code ${code}`, body: JSON.parse(frozen).argv.join("|"), whole }),
  };
});

/** A push with this in it comes while no page is open. */
async function push(said: Record<string, unknown> | Uint8Array<ArrayBuffer> | undefined): Promise<Notice> {
  const bytes = said instanceof Uint8Array || said === undefined ? said : await host.seal(device, said);
  const world = phone.worker();
  await pushed(world, desk, host.id, bytes);
  await world.idle();
  const notice = shown.at(-1);
  if (notice === undefined) throw new Error("a push was silent");
  return notice;
}

async function tap(notice: Notice, action: string): Promise<Notice | undefined> {
  const world = phone.worker();
  const before = shown.length;
  await tapped(world, desk, notice.data, action);
  await world.idle();
  return shown[before];
}

/** A request that no connection tells of. */
async function asked(): Promise<Asked> {
  phone.core.stop();
  await host.when(() => host.streams.size === 0);
  return host.ask(["apt", "install", "jq"]);
}

describe("a request", () => {
  test("is shown, and answered from the notification", async () => {
    const request = await asked();
    const notice = await push(host.askTo(request, device));
    expect(notice).toEqual({
      ...{ title: `code ${request.code}`, body: "apt|install|jq", tag: request.id, loud: true },
      actions: ["approve", "deny"],
      data: { host: host.id, id: request.id, digest: request.digest },
    });
    expect(host.heard.at(-1)).toMatchObject({ say: "delivered", id: request.id });
    const outcome = await tap(notice, "approve");
    expect(request.answer?.statement).toMatchObject({ verdict: "approve", note: "" });
    expect(outcome).toMatchObject({ title: `Request ${request.code}`, tag: request.id, loud: false });
    expect(outcome?.body).toBe("The host has your answer.");
    // Pages know.
    await phone.item(request.id, ({ standing }) => standing === "taken");
  });

  test("is denied", async () => {
    const request = await asked();
    await tap(await push(host.askTo(request, device)), "deny");
    expect(request.state).toBe("denied");
  });

  test("that is not shown whole can be denied, and not approved", async () => {
    whole = false;
    expect((await push(host.askTo(await asked(), device))).actions).toEqual(["deny"]);
  });

  test("is only looked at where there are no buttons, or a passkey must answer", async () => {
    (desk as { buttons: number }).buttons = 0;
    const request = await asked();
    const notice = await push(host.askTo(request, device));
    expect(notice.actions).toEqual([]);
    await tap(notice, "");
    expect(opened).toEqual([`#/r/${host.id}/${request.id}`]);

    const other = new FakeHost();
    const withPasskey = new Phone([other], { passkeys: passkeysAt(new Authenticator("es256").place) });
    const key = await withPasskey.pair(other, "passkey");
    (desk as { buttons: number }).buttons = 2;
    const bytes = await other.seal(key, other.askTo(await other.ask(["true"]), key));
    await pushed(withPasskey.worker(), desk, other.id, bytes);
    expect(shown.at(-1)).toMatchObject({ loud: true, actions: [] });
  });

  test("that is too long for a push is seen in the app", async () => {
    const request = await asked();
    const notice = await push({ say: "waits", id: request.id, code: request.code });
    expect(notice).toMatchObject({ title: `Request ${request.code} waits`, actions: [], loud: true });
    await tap(notice, "approve");
    expect(opened).toEqual([`#/r/${host.id}/${request.id}`]);
    // A code is letters and digits; nothing else of the host's words is shown.
    expect((await push({ say: "waits", id: request.id, code: "7KQ2M\u202e" })).title).toBe("Request waits");
  });

  test("arrives as text from developer tools", async () => {
    const request = await asked();
    const sealed = await host.seal(device, host.askTo(request, device));
    expect((await push(utf8(base64url(sealed)))).tag).toBe(request.id);
  });

  test("that is over takes the question's place", async () => {
    const request = await asked();
    await push(host.askTo(request, device));
    const notice = await push({ say: "changed", id: request.id, state: "cancelled", at_ms: 5 });
    expect(notice).toMatchObject({ tag: request.id, body: "It was withdrawn.", loud: false, actions: [] });
    // The question, once more, late: it is over.
    expect(await push(host.askTo(request, device))).toMatchObject({ body: "It was withdrawn.", loud: false });
  });
});

describe("a22: an answer from a notification", () => {
  test("is for what it showed", async () => {
    const request = await asked();
    const notice = await push(host.askTo(request, device));
    const outcome = await tap({ ...notice, data: { ...notice.data, digest: "ab".repeat(32) } }, "approve");
    expect(outcome?.body).toMatch(/^Another request had come in its place, so nothing was signed/);
    expect(host.posts).toBe(0);
  });

  test("is not given twice", async () => {
    const request = await asked();
    const notice = await push(host.askTo(request, device));
    await tap(notice, "deny");
    expect((await tap(notice, "approve"))?.body).toBe("This request was answered already. Nothing was sent.");
    expect(host.posts).toBe(1);
  });
});

describe("without a network", () => {
  /** Lets the retries' pauses pass. */
  async function passRetries(): Promise<void> {
    for (const pause of [1_000, 3_000, 6_000]) {
      await phone.clock.asleep(pause);
      phone.clock.advance(pause);
    }
  }

  test("an answer is tried again, and then when the network is back", async () => {
    const request = await asked();
    const notice = await push(host.askTo(request, device));
    host.weather.decide = "offline";
    const [outcome] = await Promise.all([tap(notice, "approve"), passRetries()]);
    expect(outcome?.body).toBe("Your answer could not be sent: open the app.");
    expect(waiting).toBe(1);
    await expect(online(phone.worker(), desk)).rejects.toThrow();
    host.weather.decide = "fair";
    await online(phone.worker(), desk);
    expect(request.state).toBe("approved");
    expect(shown.at(-1)).toMatchObject({ tag: request.id, body: "The host has your answer." });
  });
});

describe("no push is silent", () => {
  test.each([
    ["nothing", undefined],
    ["noise", new Uint8Array(512)],
    ["half of something", new Uint8Array(7)],
  ])("%s", async (_, bytes) => {
    expect((await push(bytes)).body).toBe("A message could not be opened: open the app.");
  });

  test("a message that has come before, one for another phone, and one that says nothing", async () => {
    const twice = await host.seal(device, { say: "test", nonce: "cd".repeat(32) });
    expect((await push(twice)).body).toBe("A test of the notifications has arrived.");
    await host.when(() => host.heard.some(({ say }) => say === "tested"));
    expect((await push(twice)).body).toBe("A message could not be opened: open the app.");
    const other = { ...device, seal: new FakeHost().key.publicKey };
    expect((await push(await host.seal(other, { say: "revoked" }))).body).toMatch(/open the app/);
    expect((await push(host.inbox(undefined))).body).toMatch(/open the app/);
    expect((await push({ say: "dance" })).body).toMatch(/open the app/);
  });

  test("a host that removes this phone", async () => {
    expect((await push({ say: "revoked" })).body).toBe("A host has removed this phone.");
    expect((await push({ say: "test", nonce: "cd".repeat(32) })).body).toMatch(/open the app/);
  });

  test("storage that does not work", async () => {
    const world = phone.worker();
    const broken = { ...world, db: { ...world.db, read: () => Promise.reject(new Error("no storage")) } };
    await expect(pushed(broken, desk, host.id, new Uint8Array(512))).rejects.toThrow("no storage");
    expect(shown.at(-1)?.body).toMatch(/open the app/);
  });

  test("the same name with another content", async () => {
    const request = await asked();
    await push(host.askTo(request, device));
    const notice = await push(host.imitation(request, device));
    expect(notice.body).toMatch(/came again with other content/);
    expect(notice.actions).toEqual([]);
  });
});
