// The app's files: listed by the build, kept by the service worker, and nothing else.

import { createHash } from "node:crypto";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { build } from "vite";

import { type Files, keep, kept, keptFor, tidy } from "../src/sw/files.ts";
import { listFiles, serviceWorker } from "../vite/worker.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "aisudo-files-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const integrity = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

test("a build is listed by what it holds", () => {
  mkdirSync(join(folder, "assets"));
  const files = { "index.html": "index", "assets/a.js": "a", "assets/a.js.map": "m", "sw.js": "s" };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { list, version } = listFiles(folder);
  expect(list).toEqual([
    ["./", integrity("index")],
    ["assets/a.js", integrity("a")],
  ]);
  expect(version).toMatch(/^[0-9a-f]{16}$/);
  expect(listFiles(folder).version).toBe(version);
  writeFileSync(join(folder, "assets/a.js"), "b");
  expect(listFiles(folder).version).not.toBe(version);
});

test("a build ends with a worker that knows all files", async () => {
  writeFileSync(join(folder, "index.html"), '<script type="module" src="./main.js"></script>');
  writeFileSync(join(folder, "main.js"), "document.title = 'x';");
  writeFileSync(join(folder, "worker.js"), "self.files = AISUDO_FILES;");
  mkdirSync(join(folder, "public"));
  writeFileSync(join(folder, "public", "icon.svg"), "<svg/>");
  await build({ root: folder, configFile: false, logLevel: "silent", plugins: [serviceWorker("worker.js")] });
  const self: { files?: Files } = {};
  new Function("self", readFileSync(join(folder, "dist", "sw.js"), "utf8"))(self);
  expect(self.files).toEqual(listFiles(join(folder, "dist")));
  const urls = self.files?.list.map(([url]) => url);
  expect(urls).toHaveLength(3);
  expect(urls).toEqual(expect.arrayContaining(["./", "icon.svg", expect.stringMatching(/^assets\/.*\.js$/)]));
});

const FILES: Files = {
  version: "2222222222222222",
  list: [
    ["./", "sha256-i"],
    ["assets/a.js", "sha256-a"],
  ],
};
const BASE = "https://box.example/app/";

describe("a request for a file", () => {
  const asked = (url: string, init: { method?: string; mode?: string } = {}) =>
    keptFor({ method: "GET", mode: "cors", ...init, url } as Request, FILES, BASE);

  test("is answered from what is kept", () => {
    expect(asked(BASE, { mode: "navigate" })).toBe(BASE);
    expect(asked(`${BASE}?x=1`, { mode: "navigate" })).toBe(BASE);
    expect(asked(`${BASE}assets/a.js`)).toBe(`${BASE}assets/a.js`);
  });

  test("or goes to the network", () => {
    for (const url of ["assets/b.js", "status/x/y", "health", "sw.js", "inbox", "../app2/assets/a.js"]) {
      expect(asked(new URL(url, BASE).href), url).toBeUndefined();
    }
    expect(asked(`${BASE}health`, { mode: "navigate" })).toBeUndefined();
    expect(asked(BASE, { method: "POST" })).toBeUndefined();
    expect(asked("https://other.example/app/assets/a.js")).toBeUndefined();
  });
});

describe("what is kept", () => {
  /** A browser's caches, in memory. */
  class Caches {
    readonly all = new Map<string, Map<string, Request>>();
    fails = false;

    readonly storage = {
      open: async (name: string) => {
        const cache = this.all.get(name) ?? new Map<string, Request>();
        this.all.set(name, cache);
        return {
          addAll: async (requests: readonly Request[]) => {
            if (this.fails) throw new TypeError("a hash is wrong");
            for (const request of requests) cache.set(request.url, request);
          },
          match: async (url: string) => cache.get(new URL(url, BASE).href),
        };
      },
      keys: async () => [...this.all.keys()],
      delete: async (name: string) => this.all.delete(name),
    } as unknown as CacheStorage;
  }

  /** As in a worker, whose requests are relative to it. */
  const absolute: Files = {
    ...FILES,
    list: FILES.list.map(([url, hash]) => [new URL(url, BASE).href, hash]),
  };

  test("is fetched by its hash, past the browser's cache; other versions go", async () => {
    const caches = new Caches();
    for (const name of ["aisudo-1111111111111111", "somebody-else"]) await caches.storage.open(name);
    await keep(absolute, caches.storage);
    const cache = caches.all.get("aisudo-2222222222222222");
    expect([...(cache?.values() ?? [])].map(({ url, integrity, cache }) => [url, integrity, cache])).toEqual([
      [BASE, "sha256-i", "reload"],
      [`${BASE}assets/a.js`, "sha256-a", "reload"],
    ]);
    await tidy(FILES, caches.storage);
    expect([...caches.all.keys()]).toEqual(["somebody-else", "aisudo-2222222222222222"]);
    expect(await kept(BASE, FILES, caches.storage)).toBe(cache?.get(BASE));
  });

  test("a file that is not what the build made: the version before stays", async () => {
    const caches = new Caches();
    caches.fails = true;
    await expect(keep(absolute, caches.storage)).rejects.toThrow();
  });
});
