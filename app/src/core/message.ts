// What hosts and devices say to each other: the twin of crates/aisudo-seal/src/message.rs. Unknown fields
// are ignored; whatever else is not as it should be makes one message unreadable, and no more than that.

import { type Bytes, fromBase64url, fromUtf8, utf8 } from "../seal/bytes.ts";
import type { Kind } from "../seal/index.ts";
import { HEX32, UUID } from "./request.ts";
import type { ListedDevice } from "./types.ts";
import type { Head } from "./witness.ts";

/** States of a request, in a host's words. */
export const STATES = ["approved", "denied", "expired", "cancelled", "released", "unused"] as const;
export type State = (typeof STATES)[number];

export type HostSays =
  | {
      readonly say: "ask";
      readonly code: string;
      readonly reply: string;
      readonly askedAtMs: number;
      readonly remainingMs: number;
      readonly request: string;
    }
  | { readonly say: "waits"; readonly id: string; readonly code: string }
  | ({ readonly say: "changed"; readonly id: string } & Change)
  | {
      readonly say: "inbox";
      readonly host: string;
      readonly pending: readonly string[];
      readonly known?: Head;
      readonly push?: string;
      readonly pushing?: boolean;
      readonly devices: readonly ListedDevice[];
    }
  | { readonly say: "content"; readonly id: string; readonly sha256: string; readonly content?: Bytes }
  | { readonly say: "test"; readonly nonce: string }
  | { readonly say: "revoked" };

/** How a request has changed. */
export interface Change {
  readonly state: State;
  readonly approver?: string;
  readonly device?: string;
  readonly note?: string;
  readonly atMs: number;
}

/** From a host to this phone. */
export interface FromHost {
  readonly log: Head;
  readonly sentAtMs: number;
  readonly said: HostSays;
}

export type DeviceSays =
  | { readonly say: "listen"; readonly known?: number }
  | { readonly say: "delivered"; readonly id: string }
  | { readonly say: "shown"; readonly id: string }
  | { readonly say: "tested"; readonly nonce: string }
  | { readonly say: "content"; readonly id: string; readonly sha256: string }
  | { readonly say: "push"; readonly subscription: Subscription | null };

/** What a push service needs, as the host wants it. */
export interface Subscription {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

const MAX_NAME = 256;
const MAX_NOTE = 2048;
const MAX_REQUEST = 128 * 1024;
const MAX_PENDING = 4096;
const MAX_DEVICES = 1024;
const MAX_PUSH_KEY = 256;
const KEY_ID = /^[0-9a-f]{16}$/;

/** What a device says, as it travels. */
export function writeDeviceSays(said: DeviceSays): { kind: Kind; body: Bytes } {
  const receipts: readonly DeviceSays["say"][] = ["delivered", "shown", "tested"];
  const kind = receipts.includes(said.say) ? "receipt" : "update";
  return { kind, body: utf8(JSON.stringify(said)) };
}

/** Reads what a host says; nothing when it is not to be understood. */
export function readHostSays(kind: Kind, body: Bytes): FromHost | undefined {
  try {
    const fields = new Fields(JSON.parse(fromUtf8(body) ?? ""));
    const said = readSaid(fields);
    if (kind !== (said.say === "ask" ? "request" : "update")) return undefined;
    return { log: readHead(fields.object("log")), sentAtMs: fields.number("sent_at_ms"), said };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readSaid(fields: Fields): HostSays {
  switch (fields.text("say", MAX_NAME)) {
    case "ask":
      return {
        say: "ask",
        code: fields.text("code", MAX_NAME),
        reply: fields.form("reply", HEX32),
        askedAtMs: fields.number("asked_at_ms"),
        remainingMs: fields.number("remaining_ms"),
        request: fields.text("request", MAX_REQUEST),
      };
    case "waits":
      return { say: "waits", id: fields.form("id", UUID), code: fields.text("code", MAX_NAME) };
    case "changed":
      return { say: "changed", id: fields.form("id", UUID), ...readChange(fields) };
    case "inbox":
      return readInbox(fields);
    case "content":
      return {
        say: "content",
        id: fields.form("id", UUID),
        sha256: fields.form("sha256", HEX32),
        ...fields.optional("content", () => fields.base64("content")),
      };
    case "test":
      return { say: "test", nonce: fields.form("nonce", HEX32) };
    case "revoked":
      return { say: "revoked" };
    default:
      throw new Unreadable();
  }
}

function readChange(fields: Fields): Change {
  const state = STATES.find((known) => known === fields.text("state", MAX_NAME));
  if (state === undefined) throw new Unreadable();
  return {
    state,
    atMs: fields.number("at_ms"),
    ...fields.optional("approver", () => fields.text("approver", MAX_NAME)),
    ...fields.optional("device", () => fields.form("device", KEY_ID)),
    ...fields.optional("note", () => fields.text("note", MAX_NOTE)),
  };
}

function readInbox(fields: Fields): HostSays {
  const pending = fields.array("pending", MAX_PENDING).map((id) => {
    if (typeof id !== "string" || !UUID.test(id)) throw new Unreadable();
    return id;
  });
  return {
    say: "inbox",
    host: fields.text("host", MAX_NAME),
    pending,
    devices: fields.array("devices", MAX_DEVICES).map((device) => readDevice(new Fields(device))),
    ...fields.optional("known", () => readHead(fields.object("known"))),
    ...fields.optional("push", () => fields.text("push", MAX_PUSH_KEY)),
    ...fields.optional("pushing", () => fields.boolean("pushing")),
  };
}

function readDevice(fields: Fields): ListedDevice {
  return {
    key: fields.form("key", KEY_ID),
    approver: fields.text("approver", MAX_NAME),
    label: fields.text("label", MAX_NAME),
    kind: fields.text("kind", MAX_NAME) === "passkey" ? "passkey" : "ed25519",
    listens: fields.boolean("listens"),
  };
}

function readHead(fields: Fields): Head {
  return { count: fields.number("sequence"), hash: fields.form("hash", HEX32) };
}

class Unreadable extends Error {}

/** The fields of an object, each read as what it must be. */
class Fields {
  private readonly fields: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Unreadable();
    this.fields = value as Record<string, unknown>;
  }

  text(name: string, longest: number): string {
    const value = this.fields[name];
    if (typeof value !== "string" || value.length > longest) throw new Unreadable();
    return value;
  }

  form(name: string, form: RegExp): string {
    const value = this.fields[name];
    if (typeof value !== "string" || !form.test(value)) throw new Unreadable();
    return value;
  }

  /** A count or a time: whole, not negative, and one that JavaScript can hold. */
  number(name: string): number {
    const value = this.fields[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new Unreadable();
    return value;
  }

  boolean(name: string): boolean {
    const value = this.fields[name];
    if (typeof value !== "boolean") throw new Unreadable();
    return value;
  }

  base64(name: string): Bytes {
    const value = this.fields[name];
    const bytes = typeof value === "string" ? fromBase64url(value) : undefined;
    if (bytes === undefined) throw new Unreadable();
    return bytes;
  }

  array(name: string, most: number): readonly unknown[] {
    const value = this.fields[name];
    if (!Array.isArray(value) || value.length > most) throw new Unreadable();
    return value;
  }

  object(name: string): Fields {
    return new Fields(this.fields[name]);
  }

  /** A field that may be missing, or `null`: as one to spread. */
  optional<N extends string, T>(name: N, read: () => T): { [name in N]?: T } {
    const value = this.fields[name];
    return value === undefined || value === null ? {} : ({ [name]: read() } as { [name in N]?: T });
  }
}
