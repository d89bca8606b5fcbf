// Web Push, as far as a page is concerned: a registration for each host.

import { expect, test } from "vitest";

import { hostOf, type Pushes } from "../src/core/push.ts";
import { base64url } from "../src/seal/index.ts";
import { FakeHost } from "./host.ts";
import { Phone } from "./phone.ts";

const KEY = base64url(new Uint8Array(65).fill(4));
const OTHER_KEY = base64url(new Uint8Array(65).fill(5));

/** What a browser has, in memory. */
class Browser {
  permission = "default";
  /** What a person says when they are asked. */
  will = "granted";
  subscriptions = 0;
  readonly registrations = new Map<string, FakeRegistration>();
  readonly pushes: Pushes;

  constructor() {
    const browser = this;
    this.pushes = {
      base: "https://box.example/",
      notifications: {
        get permission() {
          return browser.permission;
        },
        requestPermission: async () => (this.permission = this.will),
      },
      workers: {
        register: async (_, options) => {
          const scope = options?.scope ?? "";
          const found = this.registrations.get(scope) ?? new FakeRegistration(this, scope);
          this.registrations.set(scope, found);
          return found as unknown as ServiceWorkerRegistration;
        },
        getRegistration: async (scope) => {
          return this.registrations.get(String(scope)) as unknown as ServiceWorkerRegistration;
        },
      },
    };
  }
}

class FakeRegistration {
  readonly active = { state: "activated" };
  readonly scope: string;
  subscription: unknown = null;
  private readonly browser: Browser;

  constructor(browser: Browser, scope: string) {
    this.browser = browser;
    this.scope = scope;
  }

  readonly update = async () => {};

  readonly unregister = async () => this.browser.registrations.delete(this.scope);

  readonly pushManager = {
    getSubscription: async () => this.subscription,
    subscribe: async ({ applicationServerKey, userVisibleOnly }: PushSubscriptionOptionsInit) => {
      if (userVisibleOnly !== true) throw new TypeError("browsers allow no silent pushes");
      this.browser.subscriptions += 1;
      this.subscription = {
        endpoint: `https://push.example/${this.browser.subscriptions}`,
        options: { applicationServerKey: (applicationServerKey as Uint8Array<ArrayBuffer>).buffer },
        getKey: (name: string) => new Uint8Array(name === "auth" ? 16 : 65).fill(7).buffer,
        unsubscribe: async () => {
          this.subscription = null;
          return true;
        },
      };
      return this.subscription;
    },
  };
}

async function paired(push: string | null = KEY) {
  const host = new FakeHost();
  host.push = push;
  const browser = new Browser();
  const phone = new Phone([host], { pushes: browser.pushes });
  await phone.pair(host);
  return { host, browser, phone };
}

const told = (host: FakeHost) =>
  host.heard
    .filter(({ say }) => say === "push")
    .map(({ subscription }) => (subscription as { endpoint: string } | null)?.endpoint ?? null);

test("a person wants them, and the host is told where to", async () => {
  const { host, browser, phone } = await paired();
  await phone.host(host.id, ({ push }) => push === "off");
  await phone.core.enablePush(host.id);
  expect((await phone.host(host.id)).push).toBe("on");
  expect(host.heard.at(-1)).toMatchObject({
    subscription: {
      endpoint: "https://push.example/1",
      p256dh: base64url(new Uint8Array(65).fill(7)),
      auth: base64url(new Uint8Array(16).fill(7)),
    },
  });
  expect([...browser.registrations.keys()]).toEqual([`https://box.example/push/${host.id}/`]);
});

test("a person does not want them, or a browser has none, or the host offers none", async () => {
  const { host, browser, phone } = await paired();
  await phone.host(host.id, ({ push }) => push === "off");
  browser.will = "denied";
  await phone.core.enablePush(host.id);
  expect(phone.core.snapshot().trouble).toMatch(/^Notifications are not allowed/);
  expect((await phone.host(host.id)).push).toBe("blocked");
  expect(told(host)).toEqual([]);

  const without = await paired(null);
  expect((await without.phone.host(without.host.id)).push).toBe("not offered");

  const old = new FakeHost();
  const plain = new Phone([old]);
  await plain.pair(old);
  expect((await plain.host(old.id)).push).toBe("unsupported");
  await plain.core.enablePush(old.id);
  expect(plain.core.snapshot().trouble).toBe("This browser has no notifications for this app.");
});

test("each host has a registration of its own", async () => {
  const [one, two] = [new FakeHost(), new FakeHost()];
  two.name = "two";
  [one.push, two.push] = [KEY, OTHER_KEY];
  const browser = new Browser();
  const phone = new Phone([one, two], { pushes: browser.pushes });
  await phone.pair(one);
  await phone.pair(two, "ed25519", "phone", "https://two.example");
  await phone.host(two.id, ({ push }) => push === "off");
  await phone.host(one.id, ({ push }) => push === "off");
  await phone.core.enablePush(one.id);
  await phone.core.enablePush(two.id);
  expect([told(one), told(two)]).toEqual([["https://push.example/1"], ["https://push.example/2"]]);
  await phone.core.disablePush(one.id);
  expect(told(one)).toEqual(["https://push.example/1", null]);
  expect((await phone.host(one.id)).push).toBe("off");
  expect((await phone.host(two.id)).push).toBe("on");
  expect([...browser.registrations.keys()]).toEqual([`https://box.example/push/${two.id}/`]);
});

test("what the host or the browser has lost is made anew", async () => {
  const { host, browser, phone } = await paired();
  await phone.host(host.id, ({ push }) => push === "off");
  await phone.core.enablePush(host.id);
  const again = async (change: () => void, count: number) => {
    change();
    host.restart();
    await phone.host(host.id, ({ link }) => link === "offline");
    phone.core.retry();
    await host.when(() => told(host).length === count);
  };
  await again(() => (host.pushing = null), 2);
  host.pushing = true;
  const [registration] = browser.registrations.values();
  await again(() => registration && (registration.subscription = null), 3);
  await again(() => (host.push = OTHER_KEY), 4);
  expect(told(host)).toEqual([1, 1, 2, 3].map((at) => `https://push.example/${at}`));
});

test("what does not arrive is told, and made anew from a tap", async () => {
  const { host, phone } = await paired();
  await phone.host(host.id, ({ push }) => push === "off");
  await phone.core.enablePush(host.id);
  host.pushing = false;
  host.restart();
  await phone.host(host.id, ({ link }) => link === "offline");
  phone.core.retry();
  await phone.host(host.id, ({ push }) => push === "broken");
  await phone.core.enablePush(host.id);
  expect((await phone.host(host.id)).push).toBe("on");
  expect(told(host)).toEqual(["https://push.example/1", "https://push.example/2"]);
});

test("a host that cannot be told is told later", async () => {
  const { host, phone } = await paired();
  await phone.host(host.id, ({ push }) => push === "off");
  host.weather.send = "offline";
  await phone.core.enablePush(host.id);
  expect(phone.core.snapshot().trouble).toBe("The host could not be reached. Try again later.");
  expect((await phone.host(host.id)).push).toBe("broken");
  host.weather.send = "fair";
  host.restart();
  await phone.host(host.id, ({ link }) => link === "offline");
  phone.core.retry();
  await phone.host(host.id, ({ push }) => push === "on");
});

test("a scope tells the host", () => {
  expect(hostOf("https://box.example/push/0123456789abcdef/")).toBe("0123456789abcdef");
  expect(hostOf("https://box.example/a/push/0123456789abcdef/")).toBe("0123456789abcdef");
  for (const other of ["https://box.example/", "https://box.example/push/", "https://box.example/push/x/"]) {
    expect(hostOf(other)).toBeUndefined();
  }
});
