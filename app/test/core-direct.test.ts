// The carrier over HTTP, with a real server on loopback.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { CarrierError } from "../src/core/carrier.ts";
import { direct } from "../src/core/direct.ts";
import { envelopes } from "../src/core/sse.ts";
import { base64url, type Bytes, SIZES } from "../src/seal/index.ts";
import { utf8 } from "../src/seal/bytes.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

let server: Server;
let address: string;
let answer: Answer;
const calls: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const { method = "", url = "", headers } = request;
      calls.push({ method, url, headers, body: body.toString() });
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  calls.length = 0;
});

const status = (code: number, headers: Record<string, string> = {}, body = ""): Answer => {
  return (_, response) => response.writeHead(code, headers).end(body);
};

const why = (work: Promise<unknown>) =>
  work.then(
    () => "nothing",
    (error: unknown) => (error instanceof CarrierError ? error.why : error),
  );

async function first(messages: AsyncIterable<Bytes>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const bytes of messages) {
    texts.push(Buffer.from(bytes).toString());
    if (texts.length === count) break;
  }
  return texts;
}

const never = () => new AbortController().signal;

describe("calls", () => {
  test("go where the contract says, as plain bytes", async () => {
    answer = status(204);
    const carrier = direct(address);
    await carrier.send(utf8("message"));
    await carrier.decide("approve", "id", "nonce", utf8("yes"));
    await carrier.decide("deny", "id", "nonce", utf8("no"));
    answer = status(200, {}, '{"state":"pending"}');
    expect(await carrier.status("id", "nonce")).toBe("pending");
    expect(calls.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["POST", "/messages", "message"],
      ["POST", "/approve/id/nonce", "yes"],
      ["POST", "/deny/id/nonce", "no"],
      ["GET", "/status/id/nonce", ""],
    ]);
    for (const { headers } of calls) {
      for (const name of ["cookie", "referer", "authorization"]) expect(headers[name]).toBeUndefined();
    }
    expect(calls[0]?.headers["content-type"]).toBe("application/octet-stream");
  });

  test("ask a browser for no cookies, no cache, no referrer and no redirect", async () => {
    const inits: RequestInit[] = [];
    const fetcher = async (_: unknown, init?: RequestInit) => {
      inits.push(init ?? {});
      return new Response(null, { status: 204 });
    };
    await direct("https://box.example", fetcher).send(utf8("x"));
    expect(inits[0]).toMatchObject({
      ...{ credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", redirect: "error" },
    });
  });

  test.each([
    [404, "not-found"],
    [413, "broken"],
    [429, "busy"],
    [500, "broken"],
    [200, "broken"],
    [302, "offline"],
  ])("%d is %s", async (code, expected) => {
    answer = status(code, { location: "/elsewhere" });
    expect(await why(direct(address).send(utf8("x")))).toBe(expected);
    expect(calls).toHaveLength(1);
  });

  test("nobody is there", async () => {
    // A port that was free a moment ago.
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await new Promise((resolve) => other.close(resolve));
    expect(await why(direct(`http://127.0.0.1:${port}`).send(utf8("x")))).toBe("offline");
  });

  test("a host that wants to be left alone is, but not for ever", async () => {
    const after = async (header: string) => {
      answer = status(429, { "retry-after": header });
      return direct(address).send(utf8("x")).catch((error: unknown) => (error as CarrierError).afterMs);
    };
    expect(await after("7")).toBe(7_000);
    expect(await after("999999")).toBe(300_000);
    expect(await after("Wed, 21 Oct 2026 07:28:00 GMT")).toBe(0);
    expect(await after("-5")).toBe(0);
  });

  test("states that a host may say, and what else it may say", async () => {
    const said = async (body: string) => {
      answer = status(200, {}, body);
      return direct(address).status("i", "n").catch((error: unknown) => (error as CarrierError).why);
    };
    expect(await said('{"state":"released","more":1}')).toBe("released");
    const long = `{"state":"${"x".repeat(2_000)}"}`;
    for (const body of ["", "null", "[]", '{"state":"Released"}', '{"state":7}', long]) {
      expect(await said(body)).toBe("broken");
    }
    answer = status(404, {}, '{"error":"not found"}');
    expect(await direct(address).status("i", "n")).toBeUndefined();
  });
});

describe("streams", () => {
  const event = (text: string) => `data: ${base64url(utf8(text))}\n\n`;

  test("bring envelopes as they come", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`: alive\n\n${event("one")}`);
      response.write(event("two"));
    };
    expect(await first(direct(address).listen(utf8("listen"), never()), 2)).toEqual(["one", "two"]);
    expect(await first(direct(address).pair(utf8("pair"), never()), 2)).toEqual(["one", "two"]);
    expect(calls.map(({ url, body }) => [url, body])).toEqual([
      ["/inbox", "listen"],
      ["/pair", "pair"],
    ]);
  });

  test("end when the host ends them, and break when it breaks", async () => {
    answer = (_, response) => response.writeHead(200).end(event("one"));
    expect(await first(direct(address).listen(utf8("x"), never()), 9)).toEqual(["one"]);
    answer = (_, response) => {
      response.writeHead(200).write(event("one"), () => response.destroy());
    };
    expect(await why(first(direct(address).listen(utf8("x"), never()), 9))).toBe("offline");
  });

  test("a reader who leaves hangs up", async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (_, response) => {
        response.on("close", resolve);
        response.writeHead(200).write(event("one"));
      };
    });
    expect(await first(direct(address).listen(utf8("x"), never()), 1)).toEqual(["one"]);
    await closed;
  });

  test("who stops listening hangs up", async () => {
    const stop = new AbortController();
    answer = (_, response) => {
      response.writeHead(200).write(event("one"));
    };
    const reading = (async () => {
      for await (const _ of direct(address).listen(utf8("x"), stop.signal)) stop.abort();
    })();
    expect(await why(reading)).toBe("offline");
    expect(await why(first(direct(address).listen(utf8("x"), stop.signal), 1))).toBe("offline");
  });

  test("a host that does not let in says so", async () => {
    answer = status(404);
    expect(await why(first(direct(address).listen(utf8("x"), never()), 1))).toBe("not-found");
  });
});

describe("silence", () => {
  /** A host that takes a call and says nothing. */
  const silent: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  /** One that says something, every now and then. */
  const talking = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void): typeof fetch => {
    return async (_, init) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          init?.signal?.addEventListener("abort", () => controller.error(new DOMException("", "AbortError")));
          pull(controller);
        },
      });
      return new Response(body, { status: 200 });
    };
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("is not waited for longer than 20 seconds by a call", async () => {
    const failure = why(direct("https://box.example", silent).send(utf8("x")));
    await vi.advanceTimersByTimeAsync(19_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toBe("offline");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("of 45 seconds ends a stream, whatever was said before", async () => {
    let say = () => {};
    const fetcher = talking((to) => (say = () => to.enqueue(utf8(": alive\n\n"))));
    const carrier = direct("https://box.example", fetcher);
    let over = false;
    const failure = why(first(carrier.listen(utf8("x"), never()), 1)).finally(() => (over = true));
    for (let round = 0; round < 4; round += 1) {
      await vi.advanceTimersByTimeAsync(44_999);
      say();
      await vi.advanceTimersByTimeAsync(0);
      expect(over).toBe(false);
    }
    await vi.advanceTimersByTimeAsync(45_000);
    expect(await failure).toBe("offline");
  });
});

describe("events", () => {
  async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield typeof part === "string" ? utf8(part) : part;
  }
  const read = (...parts: readonly (string | Uint8Array)[]) => first(envelopes(chunks(...parts)), 1_000);

  test("cut anywhere, with any line's end", async () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = [": hi", "data: b25l", "", "data:dHdv", "", ""].join(end);
      for (let at = 0; at <= text.length; at += 1) {
        expect(await read(text.slice(0, at), text.slice(at))).toEqual(["one", "two"]);
      }
      expect(await read(...text)).toEqual(["one", "two"]);
    }
  });

  test("what is nothing is passed over", async () => {
    const lines = ["data", "id: 7", "event: x", "data: ", "data: +/==", "data: b25", "datab25l"];
    const odd = lines.map((line) => `${line}\n\n`).join("");
    expect(await read(odd, Uint8Array.of(0xff, 0xfe, 10, 10), "data: b25l\n\n")).toEqual(["one"]);
  });

  test("a line that never ends is not waited for", async () => {
    const largest = base64url(new Uint8Array(Math.max(...SIZES)));
    expect(await read(`data: ${largest}\n\n`)).toHaveLength(1);
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += 1;
        yield utf8("x".repeat(10_000));
      }
    }
    expect(await why(first(envelopes(endless()), 1))).toBe("broken");
    // 524288 bytes in base64 are 699051 letters.
    expect(taken).toBe(70);
    expect(await why(first(envelopes(chunks(`${"x".repeat(800_000)}\ndata: b25l\n\n`)), 1))).toBe("broken");
  });
});
