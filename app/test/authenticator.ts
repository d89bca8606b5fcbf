// An authenticator in software, behind what a page has of it.

import { createHash, randomBytes } from "node:crypto";

import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";

import type { Place } from "../src/core/passkey.ts";
import { base64url, type Bytes, concat, fromHex, same, utf8 } from "../src/seal/bytes.ts";

type Algorithm = "es256" | "eddsa";

const PREFIX = {
  spki: {
    es256: "3059301306072a8648ce3d020106082a8648ce3d030107034200",
    eddsa: "302a300506032b6570032100",
  },
  cose: { es256: "a5010203262001215820", eddsa: "a4010103272006215820" },
};

export class Authenticator {
  readonly place: Place;
  /** What it does instead of signing: the name of an error. */
  error: string | undefined;
  /** What else happens while a person looks for their finger. */
  meanwhile: () => Promise<void> = async () => {};
  /** Whether the browser writes keys in DER. */
  der = true;
  /** What a page has asked for. */
  readonly made: PublicKeyCredentialCreationOptions[] = [];
  readonly asked: PublicKeyCredentialRequestOptions[] = [];
  private readonly algorithm: Algorithm;
  private readonly secret: Bytes;
  private readonly id = new Uint8Array(randomBytes(20));

  constructor(algorithm: Algorithm) {
    this.algorithm = algorithm;
    this.secret = new Uint8Array(algorithm === "es256" ? p256.utils.randomSecretKey() : randomBytes(32));
    this.place = {
      ...{ rpId: "box.example", origin: "https://box.example" },
      credentials: {
        create: (options) => this.create(options?.publicKey),
        get: (options) => this.get(options?.publicKey),
      },
    };
  }

  publicKey(): Bytes {
    if (this.algorithm === "eddsa") return new Uint8Array(ed25519.getPublicKey(this.secret));
    return new Uint8Array(p256.getPublicKey(this.secret, false));
  }

  private async create(options?: PublicKeyCredentialCreationOptions): Promise<Credential> {
    if (options === undefined) throw new TypeError("nothing was asked for");
    this.made.push(options);
    this.fail();
    const key = this.publicKey();
    const spki = concat(bytes(PREFIX.spki[this.algorithm]), key).buffer;
    const length = Uint8Array.of(0, this.id.length);
    const data = concat(this.data(0x45), new Uint8Array(16), length, this.id, this.cose(key));
    const response = {
      getPublicKey: () => (this.der ? spki : null),
      getAuthenticatorData: () => data.buffer,
    };
    return { rawId: this.id.buffer, response } as unknown as Credential;
  }

  private async get(options?: PublicKeyCredentialRequestOptions): Promise<Credential> {
    if (options === undefined) throw new TypeError("nothing was asked for");
    this.asked.push(options);
    await this.meanwhile();
    this.fail();
    const ours = options.allowCredentials?.some(({ id }) => same(new Uint8Array(id as ArrayBuffer), this.id));
    if (ours !== true) throw new DOMException("", "NotAllowedError");
    const challenge = base64url(new Uint8Array(options.challenge as Bytes));
    const { origin } = this.place;
    const client = utf8(JSON.stringify({ type: "webauthn.get", challenge, origin, crossOrigin: false }));
    const data = this.data(0x05);
    const signed = concat(data, sha256(client));
    const signature =
      this.algorithm === "eddsa"
        ? ed25519.sign(signed, this.secret)
        : p256.sign(signed, this.secret, { format: "der", lowS: false });
    const response = {
      authenticatorData: data.buffer,
      clientDataJSON: client.buffer,
      signature: new Uint8Array(signature).buffer,
    };
    return { rawId: this.id.buffer, response } as unknown as Credential;
  }

  private cose(key: Bytes): Bytes {
    const prefix = bytes(PREFIX.cose[this.algorithm]);
    if (this.algorithm === "eddsa") return concat(prefix, key);
    return concat(prefix, key.slice(1, 33), bytes("225820"), key.slice(33));
  }

  private data(flags: number): Bytes {
    return concat(sha256(utf8(this.place.rpId)), Uint8Array.of(flags, 0, 0, 0, 7));
  }

  private fail(): void {
    if (this.error !== undefined) throw new DOMException("", this.error);
  }
}

function sha256(data: Uint8Array): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

function bytes(text: string): Bytes {
  return fromHex(text) ?? new Uint8Array(0);
}
