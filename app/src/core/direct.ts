// The carrier `direct`: HTTP with the host's own daemon, or with a proxy before it. Nothing else in the app
// knows HTTP.

import { type Bytes, fromUtf8, concat } from "../seal/bytes.ts";
import { type Carrier, CarrierError } from "./carrier.ts";
import { STATES } from "./message.ts";
import { envelopes } from "./sse.ts";

const ANSWER_MS = 20_000;
/** The host says something every 15 seconds. */
const SILENCE_MS = 45_000;
const MAX_AFTER_MS = 5 * 60_000;
const MAX_STATUS_BYTES = 1024;

/** What a tab does by default, and this app never wants. */
const PLAIN: RequestInit = {
  credentials: "omit",
  referrerPolicy: "no-referrer",
  cache: "no-store",
  redirect: "error",
};

export function direct(address: string, fetcher: typeof fetch = (...all) => fetch(...all)): Carrier {
  const call = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Response> => {
    let response: Response;
    try {
      response = await fetcher(`${address}${path}`, { ...PLAIN, ...init, signal });
    } catch {
      throw new CarrierError("offline");
    }
    if (response.ok) return response;
    void response.body?.cancel().catch(() => undefined);
    throw refusal(response);
  };
  const post = (path: string, body: Bytes, signal: AbortSignal) =>
    call(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body }, signal);
  const deliver = (path: string, body: Bytes) =>
    within(ANSWER_MS, async (signal) => {
      const response = await post(path, body, signal);
      void response.body?.cancel().catch(() => undefined);
      if (response.status !== 204) throw new CarrierError("broken");
    });
  const stream = (path: string, body: Bytes, signal: AbortSignal) =>
    events((patient) => post(path, body, patient), signal);

  return {
    listen: (envelope, signal) => stream("/inbox", envelope, signal),
    send: (envelope) => deliver("/messages", envelope),
    decide: (verdict, request, nonce, envelope) => deliver(`/${verdict}/${request}/${nonce}`, envelope),
    status: (request, nonce) =>
      within(ANSWER_MS, async (signal) => {
        try {
          return readStatus(await call(`/status/${request}/${nonce}`, {}, signal));
        } catch (error) {
          if (error instanceof CarrierError && error.why === "not-found") return undefined;
          throw error;
        }
      }),
    pair: (message, signal) => stream("/pair", message, signal),
  };
}

function refusal(response: Response): CarrierError {
  if (response.status === 404) return new CarrierError("not-found");
  if (response.status === 429) {
    // A date is understood as no time: the next pause is this phone's own.
    const seconds = /^\d{1,9}$/.exec(response.headers.get("retry-after") ?? "")?.[0] ?? "0";
    return new CarrierError("busy", Math.min(Number(seconds) * 1000, MAX_AFTER_MS));
  }
  return new CarrierError("broken");
}

async function readStatus(response: Response): Promise<Awaited<ReturnType<Carrier["status"]>>> {
  let body: Bytes = new Uint8Array(0);
  for await (const chunk of chunksOf(response)) {
    body = concat(body, chunk);
    if (body.length > MAX_STATUS_BYTES) throw new CarrierError("broken");
  }
  try {
    const { state } = JSON.parse(fromUtf8(body) ?? "") as { state?: unknown };
    const known = (["pending", ...STATES] as const).find((one) => one === state);
    if (known !== undefined) return known;
  } catch {
    // Not JSON, or no object.
  }
  throw new CarrierError("broken");
}

/** Does something that must not take longer. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The envelopes of a response that goes on and on, until nothing is heard for too long. */
async function* events(
  request: (signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void, undefined> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  let timer = setTimeout(stop, SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, SILENCE_MS);
  };
  try {
    yield* envelopes(chunksOf(await request(controller.signal), heard));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function* chunksOf(response: Response, heard = () => {}): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      yield value;
    }
  } catch {
    throw new CarrierError("offline");
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
