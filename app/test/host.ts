// A host in memory, which speaks the contract as the daemon does: what phones are tested against. It judges
// answers by `verify.ts`, which the app does not have.

import { createHash, randomBytes, randomUUID } from "node:crypto";

import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";

import { type Carrier, CarrierError } from "../src/core/carrier.ts";
import type { State } from "../src/core/message.ts";
import { type Bytes, fromBase64url, fromUtf8, utf8 } from "../src/seal/bytes.ts";
import {
  type BoxKey,
  boxKeyFrom,
  type DeviceKey,
  hex,
  keyName,
  type Kind,
  open,
  parse,
  type Proof,
  readStatement,
  seal,
  type Statement,
  type Verdict,
} from "../src/seal/index.ts";
import { boxSecret } from "../src/seal/keys.ts";
import { Root } from "./root.ts";
import { Stream } from "./stream.ts";
import { whyRefused } from "./verify.ts";

export interface Device {
  readonly name: string;
  readonly seal: Bytes;
  readonly key: DeviceKey;
  readonly label: string;
}

export interface Asked {
  readonly id: string;
  readonly nonce: string;
  readonly bytes: string;
  readonly digest: string;
  readonly code: string;
  readonly deadlineMs: number;
  state: State | "pending";
  /** By device: what its answer is sealed to. */
  readonly replies: Map<string, BoxKey>;
  answer?: { readonly device: string; readonly statement: Statement };
}

/** What may happen to the next calls of a kind. */
export type Weather = "fair" | "offline" | "answer lost" | "not found";

export class FakeHost {
  readonly key = boxKeyFrom(randomBytes(32));
  readonly id = keyName(this.key.publicKey);
  name = "box";
  now = Date.UTC(2026, 0, 1);
  log = [{ count: 7, hash: hash("entry 7") }];
  readonly devices: Device[] = [];
  readonly requests: Asked[] = [];
  /** Everything that devices have said, but for answers. */
  readonly heard: { readonly device: string; readonly say: string; readonly [field: string]: unknown }[] = [];
  /** How often answers were brought, and what else happens then. */
  posts = 0;
  onPost: () => void = () => {};
  weather: Record<keyof Carrier, Weather> = {
    listen: "fair",
    send: "fair",
    decide: "fair",
    status: "fair",
    pair: "fair",
  };
  push: string | null = null;
  pushing: boolean | null = null;
  readonly streams = new Set<{ readonly device: Device; readonly stream: Stream }>();
  readonly watchers = new Set<() => void>();
  readonly root = new Root(this);

  // What people and programs at the host do.

  /** A program asks for root. */
  async ask(argv: readonly string[], timeoutMs = 120_000): Promise<Asked> {
    const [id, nonce] = [randomUUID(), randomBytes(32).toString("hex")];
    const bytes = JSON.stringify({ version: 1, id, nonce, asked_at_ms: this.now, argv });
    const digest = digestOf(bytes);
    const asked: Asked = {
      ...{ id, nonce, bytes, digest, code: codeOf(digest), state: "pending", replies: new Map() },
      deadlineMs: this.now + timeoutMs,
    };
    this.requests.push(asked);
    this.append();
    for (const { device } of this.streams) await this.say(device, this.askTo(asked, device));
    return asked;
  }

  /** What a device is told of a request. */
  askTo(asked: Asked, device: Device): Record<string, unknown> {
    let reply = asked.replies.get(device.name);
    if (reply === undefined) asked.replies.set(device.name, (reply = boxKeyFrom(randomBytes(32))));
    return {
      ...{ say: "ask", code: asked.code, reply: hex(reply.publicKey), request: asked.bytes },
      ...{ asked_at_ms: asked.deadlineMs - 120_000, remaining_ms: Math.max(asked.deadlineMs - this.now, 0) },
    };
  }

  /** Something else, under the name of a request that is known; the code belongs to the new bytes. */
  imitation(asked: Asked, device: Device): Record<string, unknown> & { digest: string } {
    const request = JSON.stringify({ ...JSON.parse(asked.bytes), argv: ["rm", "-rf", "/"] });
    const digest = digestOf(request);
    return { ...this.askTo(asked, device), request, digest, code: codeOf(digest) };
  }

  /** Something becomes of a request. */
  async become(asked: Asked, state: State, by: { approver?: string; device?: string; note?: string } = {}) {
    asked.state = state;
    asked.replies.clear();
    this.append();
    for (const { device } of this.streams) {
      await this.say(device, { say: "changed", id: asked.id, state, ...by, at_ms: this.now });
    }
  }

  /** The daemon starts anew: connections break, keys of requests are new. */
  restart(): void {
    for (const { stream } of this.streams) stream.fail(new CarrierError("offline"));
    this.streams.clear();
    for (const { replies } of this.requests) replies.clear();
  }

  async revoke(device: Device): Promise<void> {
    this.devices.splice(this.devices.indexOf(device), 1);
    for (const one of this.streams) {
      if (one.device !== device) continue;
      await this.say(device, { say: "revoked" }, one.stream);
      one.stream.end();
      this.streams.delete(one);
    }
  }

  append(): void {
    const count = (this.log.at(-1)?.count ?? 0) + 1;
    this.log.push({ count, hash: hash(`entry ${count}`) });
  }

  /** Says something to a device: on all its connections, or on one. */
  async say(device: Device, said: Record<string, unknown>, only?: Stream): Promise<Bytes> {
    const envelope = await this.seal(device, said);
    const streams = [...this.streams].filter((one) => one.device === device).map(({ stream }) => stream);
    for (const stream of only === undefined ? streams : [only]) stream.push(envelope);
    return envelope;
  }

  async seal(device: Device, said: Record<string, unknown>): Promise<Bytes> {
    const head = this.log.at(-1);
    const message = { log: { sequence: head?.count, hash: head?.hash }, sent_at_ms: this.now, ...said };
    const kind: Kind = said["say"] === "ask" ? "request" : "update";
    return seal(kind, this.key, device.seal, utf8(JSON.stringify(message)));
  }

  // The carrier, which phones are given.

  readonly carrier: Carrier = {
    listen: (envelope, signal) => this.listen(envelope, signal),
    send: (envelope) => this.through("send", () => this.receive(envelope)),
    decide: (verdict, id, nonce, envelope) =>
      this.through("decide", async () => {
        this.posts += 1;
        await this.decide(verdict, id, nonce, envelope).finally(() => this.onPost());
      }),
    status: (id, nonce) =>
      this.through("status", async () => this.find(id, nonce)?.state),
    pair: (message, signal) => this.root.pair(message, signal),
  };

  /** Resolves when this is so. */
  async when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.watchers.add(resolve));
    }
  }

  changed(): void {
    const waiting = [...this.watchers];
    this.watchers.clear();
    for (const watcher of waiting) watcher();
  }

  async through<T>(call: keyof Carrier, work: () => Promise<T>): Promise<T> {
    const weather = this.weather[call];
    if (weather === "offline") throw new CarrierError("offline");
    if (weather === "not found") throw new CarrierError("not-found");
    try {
      const result = await work();
      if (weather === "answer lost") throw new CarrierError("offline");
      return result;
    } finally {
      this.changed();
    }
  }

  private async *listen(envelope: Bytes, signal: AbortSignal): AsyncGenerator<Bytes, void, undefined> {
    const { device, said } = await this.through("listen", () => this.openFrom(envelope));
    if (said["say"] !== "listen") throw new CarrierError("not-found");
    this.heard.push({ device: device.name, say: "listen", ...said });
    const one = { device, stream: new Stream() };
    const stop = () => one.stream.fail(new CarrierError("offline"));
    signal.addEventListener("abort", stop);
    this.streams.add(one);
    await this.say(device, this.inbox(said["known"]), one.stream);
    for (const asked of this.waiting()) await this.say(device, this.askTo(asked, device), one.stream);
    this.changed();
    try {
      yield* one.stream;
    } finally {
      signal.removeEventListener("abort", stop);
      this.streams.delete(one);
      this.changed();
    }
  }

  inbox(known: unknown): Record<string, unknown> {
    const entry = this.log.find(({ count }) => count === known);
    return {
      ...{ say: "inbox", host: this.name, pending: this.waiting().map(({ id }) => id) },
      known: entry === undefined ? null : { sequence: entry.count, hash: entry.hash },
      ...{ push: this.push, pushing: this.pushing },
      devices: this.devices.map(({ name, key, label }) => ({
        ...{ key: name, approver: "owner", label, kind: key.kind, listens: true },
      })),
    };
  }

  private find(id: string, nonce: string): Asked | undefined {
    return this.requests.find((one) => one.id === id && one.nonce === nonce);
  }

  private waiting(): Asked[] {
    return this.requests.filter(({ state }) => state === "pending");
  }

  private async receive(envelope: Bytes): Promise<void> {
    const { device, said } = await this.openFrom(envelope);
    this.heard.push({ device: device.name, say: "", ...said });
  }

  private async openFrom(envelope: Bytes): Promise<{ device: Device; said: Record<string, unknown> }> {
    const sender = hex(parse(envelope).sender);
    const device = this.devices.find((one) => keyName(one.seal) === sender);
    if (device === undefined) throw new CarrierError("not-found");
    const { body } = await open(parse(envelope), this.key, device.seal);
    return { device, said: JSON.parse(fromUtf8(body) ?? "") as Record<string, unknown> };
  }

  private async decide(verdict: Verdict, id: string, nonce: string, envelope: Bytes): Promise<void> {
    const asked = this.find(id, nonce);
    const sender = hex(parse(envelope).sender);
    const device = this.devices.find((one) => keyName(one.seal) === sender);
    const reply = device && asked?.replies.get(device.name);
    if (asked?.state !== "pending" || !device || !reply || this.now >= asked.deadlineMs) {
      throw new CarrierError("not-found");
    }
    const body = await openDecision(envelope, reply, device.seal);
    if (body === undefined) throw new CarrierError("not-found");
    const signed = JSON.parse(fromUtf8(body) ?? "") as { device: string; statement: string; proof: Proof };
    const bytes = fromBase64url(signed.statement) ?? new Uint8Array();
    const statement = readStatement(bytes);
    const wrong =
      whyRefused(bytes, signed.proof, device.key) ??
      (signed.device === device.name ? null : "Device") ??
      (hex(statement.digest) === asked.digest && hex(statement.nonce) === nonce ? null : "OtherRequest") ??
      (statement.verdict === verdict ? null : "Verdict");
    if (wrong !== null) throw new Error(`the phone signed something wrong: ${wrong}`);
    asked.answer = { device: device.name, statement };
    await this.become(asked, verdict === "approve" ? "approved" : "denied", {
      ...{ approver: "owner", device: device.name },
      ...(statement.note !== "" && { note: statement.note }),
    });
  }
}

/** What a reply key opens: the twin in the app refuses decisions, as phones are sent none. */
async function openDecision(envelope: Bytes, reply: BoxKey, from: Bytes): Promise<Bytes | undefined> {
  const [header, boxed] = [envelope.slice(0, 42), envelope.slice(42)];
  if (header[1] !== 2 || hex(header.slice(10, 18)) !== keyName(reply.publicKey)) return undefined;
  const content = xsalsa20poly1305(await boxSecret(reply, from), header.slice(18)).decrypt(boxed);
  const length = new DataView(content.buffer, content.byteOffset).getUint32(32);
  return new Uint8Array(content.slice(36, 36 + length));
}

function digestOf(bytes: string): string {
  return createHash("sha256").update("aisudo request v1\0").update(bytes).digest("hex");
}

/** The first 25 bits of the digest, in Crockford's base 32. */
function codeOf(digest: string): string {
  const number = Number.parseInt(digest.slice(0, 8), 16);
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return [27, 22, 17, 12, 7].map((shift) => alphabet[(number >>> shift) & 31]).join("");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
