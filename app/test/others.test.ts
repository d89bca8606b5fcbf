// Against implementations that are neither ours nor the ones we use: libsodium, and WebCrypto's keys
// that no script can read.

import { createHash } from "node:crypto";

import sodium from "libsodium-wrappers";
import { beforeAll, expect, test } from "vitest";

import { hex, utf8 } from "../src/seal/bytes.ts";
import { boxKeyFrom, boxKeyOf, open, parse, seal, signerOf } from "../src/seal/index.ts";
import { bytes, vectors } from "./vectors.ts";
import { whyRefused } from "./verify.ts";

beforeAll(async () => sodium.ready);

test.each(vectors.envelopes.filter((one) => one.sealed !== null))(
  "libsodium opens what Rust sealed, and seals the same: $name",
  (one) => {
    const sealed = bytes(one.sealed ?? "");
    const [from, to] = [vectors.x25519[one.from], vectors.x25519[one.to]];
    if (from === undefined || to === undefined) throw new Error("no such key");
    const [header, boxed, nonce] = [sealed.slice(0, 42), sealed.slice(42), bytes(one.nonce)];
    const content = sodium.crypto_box_open_easy(boxed, nonce, bytes(from.public), bytes(to.secret));
    expect(hex(content.slice(0, 32))).toBe(createHash("sha256").update(header).digest("hex"));
    const length = new DataView(content.buffer, content.byteOffset).getUint32(32);
    expect(hex(content.slice(36, 36 + length))).toBe(one.body.repeat(one.repeated));
    expect(content.slice(36 + length).every((byte) => byte === 0)).toBe(true);
    const again = sodium.crypto_box_easy(content, nonce, bytes(to.public), bytes(from.secret));
    expect(hex(again)).toBe(hex(boxed));
  },
);

test("libsodium believes the plain signatures", () => {
  for (const one of vectors.ed25519) {
    const statement = vectors.statements.find(({ name }) => name === one.statement);
    const message = bytes(statement?.bytes ?? "");
    const verified = sodium.crypto_sign_verify_detached(bytes(one.signature), message, bytes(one.public));
    expect(verified).toBe(true);
  }
});

test("a key that scripts cannot read opens and seals", async () => {
  const made = await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
  const phone = await boxKeyOf(made as CryptoKeyPair);
  const host = boxKeyFrom(bytes(vectors.x25519["host"]?.secret ?? ""));
  const toPhone = await seal("request", host, phone.publicKey, utf8("id"));
  expect((await open(parse(toPhone), phone, host.publicKey)).body).toEqual(utf8("id"));
  const toHost = await seal("receipt", phone, host.publicKey, utf8("shown"));
  expect((await open(parse(toHost), host, phone.publicKey)).body).toEqual(utf8("shown"));
});

test("a key that scripts cannot read signs", async () => {
  const made = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const signer = await signerOf(made as CryptoKeyPair);
  const message = utf8("message");
  expect(whyRefused(message, await signer.sign(message), signer.key)).toBe(null);
});
