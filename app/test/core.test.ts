// The whole way of a request on this phone: pairing, asking, answering.

import { expect, test } from "vitest";

import { FakeHost } from "./host.ts";
import { Phone } from "./phone.ts";

test("a host is paired, asks, and has the answer", async () => {
  const host = new FakeHost();
  const phone = new Phone([host]);
  const device = await phone.pair(host);
  expect(device.label).toBe("phone");
  const asked = await host.ask(["apt", "install", "jq"]);
  const item = await phone.item(asked.id);
  expect(item).toMatchObject({ host: host.id, code: asked.code, request: asked.bytes, digest: asked.digest });
  expect(item.deadlineMs).toBe(phone.clock.now + 120_000);
  await phone.core.decide(host.id, asked.id, asked.digest, "approve", "go on");
  expect(asked.answer?.statement).toMatchObject({ verdict: "approve", note: "go on", atMs: phone.clock.now });
  const after = await phone.item(asked.id, ({ standing }) => standing === "approved");
  expect(after).toMatchObject({ by: { approver: "owner", thisPhone: true }, note: "go on" });
  await host.become(asked, "released", { approver: "owner", device: device.name });
  await phone.item(asked.id, ({ standing }) => standing === "ran");
  expect(host.heard.map(({ say }) => say)).toContain("delivered");
});
