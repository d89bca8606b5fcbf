// The file that both sides run.

import { readFileSync } from "node:fs";

import { type Bytes, fromHex } from "../src/seal/bytes.ts";
import type { DeviceKey, Kind, Proof, Random, Verdict } from "../src/seal/index.ts";

export interface Vectors {
  x25519: Record<string, { secret: string; public: string; id: string }>;
  refused_x25519: { name: string; public: string }[];
  statements: {
    name: string;
    digest: string;
    nonce: string;
    verdict: Verdict;
    note: string;
    at_ms: number;
    bytes: string;
  }[];
  refused_statements: { name: string; bytes: string }[];
  ed25519: { seed: string; public: string; id: string; statement: string; signature: string }[];
  challenges: { statement: string; challenge: string }[];
  proofs: { name: string; key: DeviceKey; statement: string; proof: Proof; why: string | null }[];
  envelopes: {
    name: string;
    kind: Kind;
    from: string;
    to: string;
    nonce: string;
    body: string;
    repeated: number;
    size: number;
    sealed: string | null;
    sealed_sha256: string;
  }[];
  refused_envelopes: { name: string; from: string; to: string; why: string; sealed: string }[];
  pairings: {
    name: string;
    host: string;
    phone: string;
    host_name: string;
    address: string;
    expires_ms: number;
    commitment: string;
    fragment: string;
    key: DeviceKey;
    seed: string | null;
    label: string;
    nonce: string;
    envelope_nonce: string;
    message: string;
    reveal: string;
    words: string;
    broken_reveal: string;
  }[];
  refused_links: { name: string; fragment: string }[];
}

const path = new URL("../../vectors/seal.json", import.meta.url);

export const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

/** The bytes of a vector. */
export function bytes(text: string): Bytes {
  const read = fromHex(text);
  if (read === undefined) throw new Error(`not hexadecimal: ${text}`);
  return read;
}

/** Gives these, one after the other, instead of random ones. */
export function fixed(...draws: readonly Bytes[]): Random {
  const left = [...draws];
  return (count) => {
    const next = left.shift();
    if (next?.length !== count) throw new Error(`${count} bytes were not expected`);
    return next;
  };
}
