// What a phone knows at the beginning of a test.

import type { Host, Item, Snapshot } from "../../src/core/types.ts";
import * as samples from "./samples.ts";

const { BUILD, NOW_MS, WEB } = samples;

const DEVICES = [
  { key: "5d0f7a6b1c2e3d4f", approver: "agent", label: "Mira's phone", kind: "passkey", listens: true },
  { key: "c4b3a29180706f5e", approver: "agent", label: "old tablet", kind: "ed25519", listens: false },
] as const;

const HOSTS: readonly Host[] = [
  {
    id: WEB,
    name: "web-01",
    address: "https://web-01.example:8443",
    pairedAtMs: NOW_MS - 9 * 86_400_000,
    signer: "passkey",
    device: "5d0f7a6b1c2e3d4f",
    label: "Mira's phone",
    link: "connected",
    heardAtMs: NOW_MS - 4_000,
    push: "off",
    log: { count: 1284, hash: "b2".repeat(32) },
    devices: DEVICES,
  },
  {
    id: BUILD,
    name: "build",
    address: "https://build.example",
    pairedAtMs: NOW_MS - 400 * 86_400_000,
    signer: "ed25519",
    device: "0123456789abcdef",
    label: "phone",
    link: "connected",
    push: "on",
    log: { count: 77, hash: "0f".repeat(32) },
    devices: [],
  },
];

function waiting(...requests: string[]): Item[] {
  return requests.map((request, at) => {
    return samples.item(WEB, request, {
      askedAtMs: NOW_MS - 30_000 + at * 1000,
      deadlineMs: NOW_MS + 60_000 + at * 40_000,
    });
  });
}

const CAN = { passkey: true, push: true, safeKeys: true };
const CALM: Snapshot = { ready: true, hosts: HOSTS, items: samples.pastItems(), can: CAN };

export const WORLDS: Readonly<Record<string, Snapshot>> = {
  empty: { ready: true, hosts: [], items: [], can: CAN },
  old: { ready: true, hosts: [], items: [], can: { passkey: false, push: false, safeKeys: false } },
  calm: CALM,
  one: { ...CALM, items: [...waiting(samples.PLAIN), ...samples.pastItems()] },
  rich: {
    ...CALM,
    items: [
      ...waiting(samples.PLAIN, samples.LONG, samples.HOSTILE, samples.SCRIPTED),
      ...waiting(samples.SHELL, samples.PIPED, samples.PARENTS),
      samples.item(BUILD, samples.FAREWELL, { askedAtMs: NOW_MS - 10_000, deadlineMs: NOW_MS + 12_000 }),
      samples.item(BUILD, '{"version":1,"id":"broken","nonce":""}', {
        askedAtMs: NOW_MS - 5_000,
      }),
      ...samples.pastItems(),
    ],
  },
  trouble: {
    ...CALM,
    hosts: HOSTS.map((host) => ({ ...host, link: host.id === WEB ? "offline" : "revoked" })),
    trouble: "The host does not take this phone's answer. See there whether it still lists this phone.",
  },
  alarm: {
    ...CALM,
    items: [...waiting(samples.PLAIN), ...samples.pastItems()],
    hosts: HOSTS.map((host) => {
      const kind = host.id === WEB ? "back" : "fork";
      return { ...host, alarm: { kind, atMs: NOW_MS - 60_000, count: 1201 } };
    }),
  },
};
