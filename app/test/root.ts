// Root at a host, who invites a phone and compares the words.

import { createHash, createHmac, randomBytes } from "node:crypto";

import { CarrierError } from "../src/core/carrier.ts";
import {
  base64url,
  type Bytes,
  concat,
  fromBase64url,
  fromHex,
  fromUtf8,
  u16,
  u64,
  utf8,
} from "../src/seal/bytes.ts";
import { type DeviceKey, hex, keyName, open, parse, type Proof, seal } from "../src/seal/index.ts";
import { WORDS } from "../src/seal/words.ts";
import type { Device, FakeHost } from "./host.ts";
import { Stream } from "./stream.ts";
import { whyRefused } from "./verify.ts";

interface Offer {
  readonly link: Bytes;
  readonly secret: Bytes;
  readonly reveal: Bytes;
  readonly said: Bytes[];
  stream: Stream;
  answer?: { readonly bytes: Bytes; readonly seal: Bytes };
}

export class Root {
  private readonly host: FakeHost;
  private offer: Offer | undefined;

  constructor(host: FakeHost) {
    this.host = host;
  }

  /** Shows a link. */
  invite(address = ""): string {
    const { key, name, now } = this.host;
    const [secret, reveal] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(32))];
    const commitment = sha256(utf8("aisudo pairing reveal v1\0"), reveal);
    const [called, place] = [utf8(name), utf8(address)];
    const link = concat(
      ...[Uint8Array.of(1), key.publicKey, commitment, secret, u64(now + 600_000)],
      ...[Uint8Array.of(called.length), called, u16(place.length), place],
    );
    this.offer = { link, secret, reveal, said: [], stream: new Stream() };
    return `https://box.example/#pair=${base64url(link)}`;
  }

  /** What root's terminal shows. */
  words(): string {
    const { link, reveal, answer } = this.answered();
    const transcript = sha256(utf8("aisudo pairing words v1\0"), sha256(link), sha256(answer.bytes), reveal);
    return Array.from(transcript.slice(0, 4), (byte) => WORDS[byte]).join(" ");
  }

  /** Says yes or no. */
  async confirm(yes: boolean): Promise<Device> {
    const { answer, stream } = this.answered();
    const { key, label } = JSON.parse(fromUtf8(answer.bytes) ?? "") as { key: DeviceKey; label: string };
    const name = keyName(fromHex(key.public) ?? new Uint8Array());
    const device = { name, seal: answer.seal, key, label };
    if (yes) this.host.devices.push(device);
    await this.say({ step: yes ? "paired" : "refused" });
    stream.end();
    return device;
  }

  /** Says something to the phone that has answered. */
  async say(said: Record<string, unknown>): Promise<void> {
    const offer = this.answered();
    const envelope = await seal("pairing", this.host.key, offer.answer.seal, utf8(JSON.stringify(said)));
    offer.said.push(envelope);
    offer.stream.push(envelope);
  }

  /** Somebody on the way puts something in. */
  inject(...all: readonly Bytes[]): void {
    for (const bytes of all) this.answered().stream.push(bytes);
  }

  /** The connection with the phone breaks. */
  breakOff(): void {
    this.answered().stream.fail(new CarrierError("offline"));
  }

  /** Root's command ends. */
  end(): void {
    this.offer?.stream.end();
    this.offer = undefined;
  }

  async *pair(message: Bytes, signal: AbortSignal): AsyncGenerator<Bytes, void, undefined> {
    const offer = await this.host.through("pair", async () => this.offer);
    if (offer === undefined) throw new CarrierError("not-found");
    offer.stream = new Stream();
    const { stream } = offer;
    signal.addEventListener("abort", () => stream.end());
    for (const said of offer.said) stream.push(said);
    if (offer.answer === undefined) {
      const sender = message.slice(0, 32);
      offer.answer = { bytes: await this.read(sender, message.slice(32), offer), seal: sender };
      await this.say({ step: "reveal", reveal: hex(this.revealed(offer.reveal)) });
    }
    this.host.changed();
    yield* stream;
  }

  /** An honest host reveals what it has promised. */
  revealed: (reveal: Bytes) => Bytes = (reveal) => reveal;

  private answered(): Offer & Required<Pick<Offer, "answer">> {
    if (this.offer?.answer === undefined) throw new Error("no phone has answered");
    return this.offer as Offer & Required<Pick<Offer, "answer">>;
  }

  private async read(sender: Bytes, envelope: Bytes, offer: Offer): Promise<Bytes> {
    const { kind, body } = await open(parse(envelope), this.host.key, sender);
    const frame = JSON.parse(fromUtf8(body) ?? "") as { answer: string; mac: string; proof: Proof };
    const answer = fromBase64url(frame.answer) ?? new Uint8Array();
    const said = JSON.parse(fromUtf8(answer) ?? "") as { key: DeviceKey; seal: string };
    const link = sha256(offer.link);
    const authentic = concat(utf8("aisudo pairing answer v1\0"), link, answer);
    const mac = createHmac("sha256", offer.secret).update(authentic).digest("hex");
    const signed = concat(utf8("aisudo pairing key v1\0"), link, answer);
    const wrong = whyRefused(signed, frame.proof, said.key);
    if (kind !== "pairing" || mac !== frame.mac || wrong !== null || said.seal !== hex(sender)) {
      throw new Error(`the phone answered something wrong: ${wrong}`);
    }
    return answer;
  }
}

function sha256(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(createHash("sha256").update(concat(...parts)).digest());
}
