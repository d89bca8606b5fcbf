// vectors/seal.json, in both directions.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { type Bytes, hex, Refused, same, utf8 } from "../src/seal/bytes.ts";
import {
  answerLink,
  type BoxKey,
  boxKeyFrom,
  challenge,
  checkPublicKey,
  hear,
  keyName,
  open,
  parse,
  readLink,
  readStatement,
  seal,
  type Signer,
  SIZES,
  signedStatement,
  signerFrom,
  statementBytes,
} from "../src/seal/index.ts";
import { WORDS } from "../src/seal/words.ts";
import { bytes, fixed, vectors } from "./vectors.ts";
import { whyRefused } from "./verify.ts";

function pair(name: string): { secret: string; public: string; id: string } {
  const found = vectors.x25519[name];
  if (found === undefined) throw new Error(`no key of that name: ${name}`);
  return found;
}

function keyOf(name: string): BoxKey {
  return boxKeyFrom(bytes(pair(name).secret));
}

function publicOf(name: string): Bytes {
  return bytes(pair(name).public);
}

function statementOf(name: string): Bytes {
  const found = vectors.statements.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no statement of that name: ${name}`);
  return bytes(found.bytes);
}

function whyOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Refused) return error.why;
    throw error;
  }
  return "nothing";
}

async function whyLater(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing",
    (error: unknown) => whyOf(() => { throw error; }),
  );
}

describe("keys", () => {
  test.each(Object.entries(vectors.x25519))("%s", (name, pair) => {
    const { publicKey } = keyOf(name);
    expect(hex(publicKey)).toBe(pair.public);
    expect(keyName(publicKey)).toBe(pair.id);
    expect(hex(checkPublicKey(publicKey))).toBe(pair.public);
  });

  test.each(vectors.refused_x25519)("$name is refused", (one) => {
    expect(whyOf(() => checkPublicKey(bytes(one.public)))).toBe("key");
  });
});

describe("statements", () => {
  test.each(vectors.statements)("$name", (one) => {
    const statement = {
      digest: bytes(one.digest),
      nonce: bytes(one.nonce),
      verdict: one.verdict,
      note: one.note,
      atMs: one.at_ms,
    };
    expect(hex(statementBytes(statement))).toBe(one.bytes);
    expect(readStatement(bytes(one.bytes))).toEqual(statement);
  });

  test.each(vectors.refused_statements)("$name is refused", (one) => {
    expect(whyOf(() => readStatement(bytes(one.bytes)))).toBe("statement");
  });

  test("a note that is too long or half a character is not signed", () => {
    const statement = readStatement(statementOf("a no"));
    for (const note of ["x".repeat(501), "ž".repeat(251), "\ud800", "a\udc00"]) {
      expect(whyOf(() => statementBytes({ ...statement, note }))).toBe("note");
    }
  });
});

describe("signatures", () => {
  test.each(vectors.ed25519)("of $statement", async (one) => {
    const signer = signerFrom(bytes(one.seed));
    expect(signer.key).toEqual({ kind: "ed25519", public: one.public });
    const message = statementOf(one.statement);
    const signed = await signedStatement(readStatement(message), signer);
    const body = JSON.parse(new TextDecoder().decode(signed));
    expect(body.device).toBe(one.id);
    expect(Buffer.from(body.statement, "base64url").toString("hex")).toBe(hex(message));
    expect(Buffer.from(body.proof.signature, "base64url").toString("hex")).toBe(one.signature);
  });

  test.each(vectors.challenges)("the challenge of $statement", (one) => {
    expect(hex(challenge(statementOf(one.statement)))).toBe(one.challenge);
  });

  test.each(vectors.proofs)("$name: $why", (one) => {
    expect(whyRefused(bytes(one.statement), one.proof, one.key)).toBe(one.why);
  });
});

describe("envelopes", () => {
  test.each(vectors.envelopes)("$name", async (one) => {
    const body = new Uint8Array(Buffer.alloc(one.body.length / 2 * one.repeated, one.body, "hex"));
    const nonce = bytes(one.nonce);
    const sealed = await seal(one.kind, keyOf(one.from), publicOf(one.to), body, fixed(nonce));
    expect(sealed.length).toBe(one.size);
    expect(createHash("sha256").update(sealed).digest("hex")).toBe(one.sealed_sha256);
    if (one.sealed !== null) expect(hex(sealed)).toBe(one.sealed);
    const opening = open(parse(sealed), keyOf(one.to), publicOf(one.from));
    if (one.kind === "decision") {
      // A phone is sent none.
      expect(await whyLater(opening)).toBe("closed");
      return;
    }
    const opened = await opening;
    expect(opened.kind).toBe(one.kind);
    expect(hex(opened.id)).toBe(one.nonce);
    expect(same(opened.body, body)).toBe(true);
  });

  test.each(vectors.refused_envelopes)("$name: $why", async (one) => {
    const opening = async () => open(parse(bytes(one.sealed)), keyOf(one.to), publicOf(one.from));
    expect(await whyLater(opening())).toBe(one.why);
  });

  test("a31: cut anywhere, or with any bit flipped", async () => {
    const [phone, host] = [keyOf("phone"), keyOf("host")];
    const sealed = await seal("request", host, phone.publicKey, utf8("id"));
    for (let length = 0; length < sealed.length; length += 1) {
      expect(whyOf(() => parse(sealed.slice(0, length)))).toBe("length");
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = sealed.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));
      const opening = async () => open(parse(flipped), phone, host.publicKey);
      expect(await whyLater(opening())).toMatch(/^(closed|version|kind)$/);
    }
  });

  test("a body that is too long is not sealed", async () => {
    const body = new Uint8Array((SIZES.at(-1) ?? 0) - 93);
    const sealing = seal("update", keyOf("phone"), publicOf("host"), body);
    expect(await whyLater(sealing)).toBe("too-long");
  });

  test("nothing is sealed to a key of small order", async () => {
    const sealing = seal("update", keyOf("phone"), new Uint8Array(32), utf8("x"));
    expect(await whyLater(sealing)).toBe("key");
  });
});

describe("pairing", () => {
  /** For passkeys, of which a test has no secret: signs nothing that counts. */
  function signerOf(one: (typeof vectors.pairings)[number]): Signer {
    if (one.seed !== null) return signerFrom(bytes(one.seed));
    const sign = async () => ({ kind: "ed25519", signature: "" }) as const;
    return { key: one.key, publicKey: bytes(one.key.public), sign };
  }

  test.each(vectors.pairings)("$name", async (one) => {
    const link = readLink(one.fragment);
    expect(hex(link.hostKey)).toBe(pair(one.host).public);
    expect(hex(link.commitment)).toBe(one.commitment);
    expect([link.host, link.address, link.expiresMs]).toEqual([one.host_name, one.address, one.expires_ms]);
    const draws = fixed(bytes(one.nonce), bytes(one.envelope_nonce));
    const phone = keyOf(one.phone);
    const { waiting, message } = await answerLink(link, phone, signerOf(one), one.label, draws);
    if (one.seed !== null) expect(hex(message)).toBe(one.message);
    const heard = await hear(waiting, phone, bytes(one.reveal));
    expect(heard).toEqual({ step: "words", words: one.words });
    expect(await whyLater(hear(waiting, phone, bytes(one.broken_reveal)))).toBe("reveal");
  });

  test("what else a host says", async () => {
    const one = vectors.pairings[0];
    if (one === undefined) throw new Error("no pairing");
    const [host, phone] = [keyOf("host"), keyOf("phone")];
    const { waiting } = await answerLink(readLink(one.fragment), phone, signerOf(one), "phone");
    const say = async (kind: "pairing" | "update", body: string, from = host) =>
      hear(waiting, phone, await seal(kind, from, phone.publicKey, utf8(body)));
    expect(await say("pairing", '{"step":"paired"}')).toEqual({ step: "paired" });
    expect(await say("pairing", '{"step":"refused"}')).toEqual({ step: "refused" });
    for (const body of ["", "null", "{}", '{"step":"reveal"}', '{"step":"reveal","reveal":"00"}']) {
      expect(await whyLater(say("pairing", body))).toBe("step");
    }
    expect(await whyLater(say("update", '{"step":"paired"}'))).toBe("step");
    const stranger = say("pairing", '{"step":"paired"}', keyOf("stranger"));
    expect(await whyLater(stranger)).toBe("closed");
  });

  test.each(vectors.refused_links)("$name is refused", (one) => {
    expect(whyOf(() => readLink(one.fragment))).toBe("link");
  });

  test("both sides have the same words", () => {
    const path = new URL("../../crates/aisudo-seal/src/pairing/words.txt", import.meta.url);
    expect(WORDS).toEqual(readFileSync(path, "utf8").trimEnd().split("\n"));
  });
});
