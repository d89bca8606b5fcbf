// What is stored on this phone.

import type { Bytes, DeviceKey, Verdict } from "../seal/index.ts";
import type { Item, ListedDevice, SignerKind } from "./types.ts";
import type { Alarm, Witness } from "./witness.ts";

/** A host. */
export interface HostRow {
  /** Its key's name. */
  readonly id: string;
  /** Its X25519 key. */
  readonly key: Bytes;
  readonly name: string;
  readonly address: string;
  readonly pairedAtMs: number;
  readonly signer: SignerKind;
  readonly device: string;
  readonly label: string;
  readonly revoked: boolean;
  readonly heardAtMs?: number;
  readonly push: PushRow;
  readonly alarm?: { readonly kind: Alarm; readonly atMs: number; readonly count: number };
  readonly devices: readonly ListedDevice[];
}

/** What is known about pushes from one host. */
export interface PushRow {
  /** By which a browser knows its pushes; nothing when it offers none. */
  readonly key?: string;
  /** Whether the person at this phone wants them. */
  readonly wanted: boolean;
  /** The host's word on whether they arrive; nothing when it has no subscription. */
  readonly works?: boolean;
  /** The place that the host was told of. */
  readonly told?: string;
}

/** A request, with what the answer to it needs. */
export interface ItemRow extends Item {
  /** What the answer is sealed to: hexadecimal. */
  readonly reply: string;
}

/** A key pair of this phone, which no script can read where the browser can do that. */
export type StoredPair =
  | { readonly kind: "safe"; readonly pair: CryptoKeyPair }
  | { readonly kind: "wrapped"; readonly seed: Bytes; readonly iv: Bytes; readonly by: CryptoKey };

/** What this phone signs with. */
export type StoredSigner = StoredPair | StoredPasskey;

/** What is known of a passkey: its secret is not here. */
export interface StoredPasskey {
  readonly kind: "passkey";
  readonly credential: Bytes;
  readonly key: PasskeyKey;
}

export type PasskeyKey = Extract<DeviceKey, { kind: "passkey" }>;

/** This phone's keys for one host. */
export interface KeysRow {
  readonly host: string;
  readonly seal: StoredPair;
  readonly sign: StoredSigner;
}

/** What one host has said so far, as far as it must be remembered. */
export interface WitnessRow {
  readonly host: string;
  readonly log: Witness;
  /** The names of its last messages: a second delivery is no second message. */
  readonly seen: readonly string[];
}

/** An answer that was given, and of which it is not known whether the host has it. */
export interface OutboxRow {
  readonly host: string;
  readonly id: string;
  readonly digest: string;
  readonly verdict: Verdict;
  /** The signed statement: the body of a decision. */
  readonly signed: Bytes;
  readonly deadlineMs: number;
  /** Until then, a page or the service worker is bringing it, unless that was closed. */
  readonly busyUntilMs: number;
}

export interface Rows {
  hosts: HostRow;
  items: ItemRow;
  keys: KeysRow;
  witness: WitnessRow;
  outbox: OutboxRow;
}
