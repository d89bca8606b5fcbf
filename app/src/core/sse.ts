// Server-sent events (HTML Living Standard, 9.2), as far as a host speaks them: one line of data each.

import { type Bytes, fromBase64url, SIZES } from "../seal/index.ts";
import { CarrierError } from "./carrier.ts";

const DATA = "data:";
/** The longest envelope in base64, and the field's name. */
const MAX_LINE = Math.ceil((Math.max(...SIZES) * 4) / 3) + DATA.length + 1;

/** The envelopes in a stream of events. What is no envelope's base64 is passed over. */
export async function* envelopes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Bytes, void, undefined> {
  for await (const line of lines(chunks)) {
    if (!line.startsWith(DATA)) continue;
    const value = line.slice(DATA.length);
    const bytes = fromBase64url(value.startsWith(" ") ? value.slice(1) : value);
    if (bytes !== undefined && bytes.length > 0) yield bytes;
  }
}

/** The lines of a stream, without their ends. The last one counts when it has an end. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split(/\r\n|\r|\n/);
    rest += first;
    for (const next of others) {
      if (rest.length > MAX_LINE) break;
      yield rest;
      rest = next;
    }
    if (rest.length > MAX_LINE) throw new CarrierError("broken");
  }
}
