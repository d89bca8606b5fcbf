// The phone's half of pairing. The steps are told in crates/aisudo-seal/src/pairing/mod.rs.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

import {
  base64url,
  type Bytes,
  concat,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  Reader,
  Refused,
  same,
  utf8,
} from "./bytes.ts";
import { open, parse, type Random, random, seal } from "./envelope.ts";
import { type BoxKey, checkPublicKey } from "./keys.ts";
import type { Signer } from "./statement.ts";
import { WORDS } from "./words.ts";

const FRAGMENT = "#pair=";
const MAX_TEXT = 1024;
const MAX_NAME_BYTES = 64;
const MAX_ADDRESS_BYTES = 512;

const REVEAL_DOMAIN = utf8("aisudo pairing reveal v1\0");
const ANSWER_DOMAIN = utf8("aisudo pairing answer v1\0");
const KEY_DOMAIN = utf8("aisudo pairing key v1\0");
const WORDS_DOMAIN = utf8("aisudo pairing words v1\0");

/** What a host shows as a QR code. Holds a secret: to be taken out of the address bar at once. */
export interface Link {
  readonly hostKey: Bytes;
  readonly commitment: Bytes;
  readonly secret: Bytes;
  /** For people to read: the host judges by a clock of its own. */
  readonly expiresMs: number;
  /** The host's own name for itself, to be shown through the safe display. */
  readonly host: string;
  /** Where its messages go; empty if it is where this app came from. */
  readonly address: string;
  /** Of all of it: what the answer and the words are bound to. */
  readonly hash: Bytes;
}

/** Reads a link from a URL's fragment, with its `#`. */
export function readLink(fragment: string): Link {
  const text = fragment.startsWith(FRAGMENT) ? fragment.slice(FRAGMENT.length) : undefined;
  if (text === undefined || text.length > MAX_TEXT) throw new Refused("link");
  const bytes = fromBase64url(text);
  if (bytes === undefined) throw new Refused("link");
  const reader = new Reader(bytes, "link");
  if (reader.number(1) !== 1) throw new Refused("link");
  const [hostKey, commitment, secret] = [reader.take(32), reader.take(32), reader.take(16)];
  const expiresMs = reader.time();
  const hostLength = reader.number(1);
  const host = reader.text(hostLength);
  const addressLength = reader.number(2);
  const address = reader.text(addressLength);
  reader.end();
  if (hostLength === 0 || hostLength > MAX_NAME_BYTES || addressLength > MAX_ADDRESS_BYTES) {
    throw new Refused("link");
  }
  try {
    checkPublicKey(hostKey);
  } catch {
    throw new Refused("link");
  }
  return { hostKey, commitment, secret, expiresMs, host, address, hash: hash(bytes) };
}

/** A phone that has answered and waits for the reveal. */
export interface Waiting {
  readonly hostKey: Bytes;
  readonly commitment: Bytes;
  readonly link: Bytes;
  readonly answer: Bytes;
}

/** Answers a link: the message to the host, and what is needed to hear what it says. */
export async function answerLink(
  link: Link,
  key: BoxKey,
  signer: Signer,
  label: string,
  draw: Random = random,
): Promise<{ waiting: Waiting; message: Bytes }> {
  const nonce = draw(32);
  const answer = utf8(
    JSON.stringify({ seal: hex(key.publicKey), key: signer.key, label, nonce: hex(nonce) }),
  );
  const mac = hmac(sha256, link.secret, concat(ANSWER_DOMAIN, link.hash, answer));
  const proof = await signer.sign(concat(KEY_DOMAIN, link.hash, answer));
  const body = utf8(JSON.stringify({ answer: base64url(answer), mac: hex(mac), proof }));
  const envelope = await seal("pairing", key, link.hostKey, body, draw);
  const { hostKey, commitment } = link;
  return {
    waiting: { hostKey, commitment, link: link.hash, answer },
    message: concat(key.publicKey, envelope),
  };
}

/** What the host says next: words to compare, or how the person at the host has decided. */
export type Heard =
  | { readonly step: "words"; readonly words: string }
  | { readonly step: "paired" }
  | { readonly step: "refused" };

/** Hears what the host says. */
export async function hear(waiting: Waiting, key: BoxKey, message: Uint8Array): Promise<Heard> {
  const { kind, body } = await open(parse(message), key, waiting.hostKey);
  if (kind !== "pairing") throw new Refused("step");
  const said = readJson(body);
  switch (said["step"]) {
    case "paired":
    case "refused":
      return { step: said["step"] };
    case "reveal":
      return { step: "words", words: wordsOf(waiting, said["reveal"]) };
    default:
      throw new Refused("step");
  }
}

function wordsOf(waiting: Waiting, said: unknown): string {
  const reveal = typeof said === "string" ? fromHex(said) : undefined;
  if (reveal?.length !== 32) throw new Refused("step");
  if (!same(hash(REVEAL_DOMAIN, reveal), waiting.commitment)) throw new Refused("reveal");
  const transcript = hash(WORDS_DOMAIN, waiting.link, hash(waiting.answer), reveal);
  return Array.from(transcript.slice(0, 4), (byte) => WORDS[byte]).join(" ");
}

function readJson(body: Bytes): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(fromUtf8(body) ?? "");
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON.
  }
  throw new Refused("step");
}

function hash(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(sha256(concat(...parts)));
}
