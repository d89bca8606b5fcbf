// This phone's keys for one host: made here, kept where no script can read them if the browser can do that.

import {
  type Bytes,
  type BoxKey,
  boxKeyFrom,
  boxKeyOf,
  type Random,
  type Signer,
  signerFrom,
  signerOf,
} from "../seal/index.ts";
import type { Db } from "./db.ts";
import type { KeysRow, StoredPair, StoredSigner } from "./rows.ts";
import { type Passkeys, Trouble } from "./world.ts";

type Use = "seal" | "sign";

const SEED_BYTES = 32;
const IV_BYTES = 12;
const PROBE = "probe";

/** Whether this browser makes and stores keys of both kinds that no script can read. */
export async function hasSafeKeys(db: Db): Promise<boolean> {
  try {
    const [seal, sign] = [await safePair("seal"), await safePair("sign")];
    await db.change(["keys"], async (tx) => {
      await tx.put("keys", { host: PROBE, seal, sign });
      await tx.delete("keys", PROBE);
    });
    return true;
  } catch {
    return false;
  }
}

/** A new pair. */
export async function newPair(use: Use, safe: boolean, draw: Random): Promise<StoredPair> {
  return safe ? safePair(use) : wrappedPair(draw);
}

/** By which messages are sealed and opened. */
export async function boxKey(stored: StoredPair): Promise<BoxKey> {
  return stored.kind === "safe" ? boxKeyOf(stored.pair) : boxKeyFrom(await unwrap(stored));
}

/** Whatever signs for this phone. */
export async function signer(stored: StoredSigner, passkeys?: Passkeys): Promise<Signer> {
  switch (stored.kind) {
    case "safe":
      return signerOf(stored.pair);
    case "wrapped":
      return signerFrom(await unwrap(stored));
    case "passkey":
      if (passkeys === undefined) throw new Trouble("Open the app to answer with your passkey.");
      return passkeys.signer(stored);
  }
}

/** The keys of one host. */
export async function keysOf(db: Db, host: string): Promise<KeysRow | undefined> {
  return db.read(["keys"], (tx) => tx.get("keys", host));
}

async function safePair(use: Use): Promise<StoredPair> {
  const pair =
    use === "seal"
      ? await crypto.subtle.generateKey("X25519", false, ["deriveBits"])
      : await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  return { kind: "safe", pair: pair as CryptoKeyPair };
}

/** A seed that is stored under a key which no script can read: a copy of the disk is not enough. */
async function wrappedPair(draw: Random): Promise<StoredPair> {
  const by = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const [plain, iv] = [draw(SEED_BYTES), draw(IV_BYTES)];
  const seed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, by, plain));
  plain.fill(0);
  return { kind: "wrapped", seed, iv, by };
}

async function unwrap({ seed, iv, by }: Extract<StoredPair, { kind: "wrapped" }>): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, by, seed));
}
