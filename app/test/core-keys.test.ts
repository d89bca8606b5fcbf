// Keys: out of scripts' reach where the browser can do that, and passkeys.

import { afterEach, describe, expect, test, vi } from "vitest";

import { openDb } from "../src/core/db.ts";
import type { ItemRow } from "../src/core/rows.ts";
import { passkeysAt } from "../src/core/passkey.ts";
import { hex } from "../src/seal/index.ts";
import { Authenticator } from "./authenticator.ts";
import { FakeHost } from "./host.ts";
import { Phone } from "./phone.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const keysOf = async (phone: Phone, host: FakeHost) => {
  const keys = await openDb(phone.factory).read(["keys"], (tx) => tx.get("keys", host.id));
  if (keys === undefined) throw new Error("no keys");
  return keys;
};

test("no script can read them", async () => {
  const host = new FakeHost();
  const phone = new Phone([host]);
  await phone.pair(host);
  const { can } = await phone.when(({ ready }) => ready);
  expect(can).toEqual({ passkey: false, push: false, safeKeys: true });
  const { seal, sign } = await keysOf(phone, host);
  for (const stored of [seal, sign]) {
    if (stored.kind !== "safe") throw new Error(`they are ${stored.kind}`);
    await expect(crypto.subtle.exportKey("pkcs8", stored.pair.privateKey)).rejects.toThrow();
    await expect(crypto.subtle.exportKey("jwk", stored.pair.privateKey)).rejects.toThrow();
  }
});

test("where a browser lacks the curves, seeds are stored under a key that no script can read", async () => {
  const { subtle } = crypto;
  const generate = subtle.generateKey.bind(subtle) as (...all: unknown[]) => Promise<CryptoKey>;
  const lacking = (algorithm: unknown, ...more: unknown[]) => {
    if (algorithm === "Ed25519") return Promise.reject(new DOMException("", "NotSupportedError"));
    return generate(algorithm, ...more);
  };
  vi.spyOn(subtle, "generateKey").mockImplementation(lacking as typeof subtle.generateKey);
  const host = new FakeHost();
  const phone = new Phone([host]);
  await phone.when(({ can }) => !can.safeKeys);
  const device = await phone.pair(host);
  const { seal, sign } = await keysOf(phone, host);
  for (const stored of [seal, sign]) {
    if (stored.kind !== "wrapped") throw new Error(`they are ${stored.kind}`);
    expect(stored.seed).toHaveLength(32 + 16);
    await expect(crypto.subtle.exportKey("raw", stored.by)).rejects.toThrow();
  }
  const request = await host.ask(["true"]);
  await phone.item(request.id);
  await phone.core.decide(host.id, request.id, request.digest, "approve", "");
  expect(request.answer?.device).toBe(device.name);
});

describe.each(["es256", "eddsa"] as const)("a passkey (%s)", (algorithm) => {
  test.each([true, false])("is paired, and signs each answer (key in DER: %s)", async (der) => {
    const authenticator = new Authenticator(algorithm);
    authenticator.der = der;
    const host = new FakeHost();
    const phone = new Phone([host], { passkeys: passkeysAt(authenticator.place) });
    const device = await phone.pair(host, "passkey");
    expect(device.key).toEqual({
      ...{ kind: "passkey", algorithm, public: hex(authenticator.publicKey()) },
      ...{ rp_id: "box.example", origins: ["https://box.example"] },
    });
    expect((await phone.host(host.id)).signer).toBe("passkey");
    const request = await host.ask(["true"]);
    await phone.item(request.id);
    await phone.core.decide(host.id, request.id, request.digest, "approve", "yes");
    expect(request.answer?.statement).toMatchObject({ verdict: "approve", note: "yes" });
    // Once when it was paired, once for the answer.
    expect(authenticator.asked).toHaveLength(2);
    for (const { userVerification, rpId } of authenticator.asked) {
      expect([userVerification, rpId]).toEqual(["required", "box.example"]);
    }
  });
});

test("what a page asks of an authenticator", async () => {
  const authenticator = new Authenticator("es256");
  const host = new FakeHost();
  const phone = new Phone([host], { passkeys: passkeysAt(authenticator.place) });
  await phone.pair(host, "passkey");
  expect(authenticator.made).toHaveLength(1);
  expect(authenticator.made[0]).toMatchObject({
    rp: { id: "box.example" },
    pubKeyCredParams: [{ alg: -8 }, { alg: -7 }],
    authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
    attestation: "none",
  });
  expect(authenticator.made[0]?.user.name).toBe("box (phone)");
});

test.each([
  ["NotAllowedError", /^The passkey was not used: it was cancelled, or it took too long/],
  ["AbortError", /^The passkey was not used: it was cancelled/],
  ["UnknownError", /^The passkey did not work/],
])("an answer without the passkey (%s): one line, and the request waits on", async (error, line) => {
  const authenticator = new Authenticator("eddsa");
  const host = new FakeHost();
  const phone = new Phone([host], { passkeys: passkeysAt(authenticator.place) });
  await phone.pair(host, "passkey");
  const request = await host.ask(["true"]);
  await phone.item(request.id);
  authenticator.error = error;
  await phone.core.decide(host.id, request.id, request.digest, "approve", "");
  expect(phone.core.snapshot().trouble).toMatch(line);
  const item = await phone.item(request.id);
  expect([item.standing, item.answer, host.posts]).toEqual(["waits", undefined, 0]);
  authenticator.error = undefined;
  await phone.core.decide(host.id, request.id, request.digest, "approve", "");
  expect(request.state).toBe("approved");
});

test("a22: what changes while the passkey is asked for is not answered", async () => {
  const authenticator = new Authenticator("eddsa");
  const host = new FakeHost();
  const phone = new Phone([host], { passkeys: passkeysAt(authenticator.place) });
  await phone.pair(host, "passkey");
  const request = await host.ask(["true"]);
  await phone.item(request.id);
  const change = (to: Partial<ItemRow>) =>
    openDb(phone.factory).change(["items"], async (tx) => {
      const row = await tx.get("items", [host.id, request.id]);
      if (row !== undefined) await tx.put("items", { ...row, ...to });
    });
  authenticator.meanwhile = () => change({ digest: "ab".repeat(32) });
  await phone.core.decide(host.id, request.id, request.digest, "approve", "");
  expect(phone.core.snapshot().trouble).toMatch(/^Another request had come in its place/);
  // Bytes that are not what they were when they came are not signed at all.
  authenticator.meanwhile = async () => {};
  await change({ digest: request.digest, request: request.bytes.replace("true", "false") });
  await phone.core.decide(host.id, request.id, request.digest, "approve", "");
  expect(phone.core.snapshot().trouble).toMatch(/^Another request had come in its place/);
  expect([host.posts, authenticator.asked.length]).toEqual([0, 2]);
});

test("a browser without passkeys says so when one is wanted", async () => {
  const host = new FakeHost();
  const phone = new Phone([host]);
  await expect(phone.pair(host, "passkey")).rejects.toThrow(/This browser has no passkeys/);
});
