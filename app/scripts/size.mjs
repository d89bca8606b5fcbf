// How large the built app is for a phone that fetches it: `node scripts/size.mjs`, after a build.
// The cryptography (noble) is counted apart: it is what it is. So is the service worker, which has it within.

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const MOST_BYTES = { app: 75_000, noble: 22_000, worker: 55_000 };

const folder = new URL("../dist/", import.meta.url);
const sizes = { app: 0, noble: 0, worker: 0 };
const TEXT = /\.(html|js|css|svg|webmanifest)$/;
for (const name of readdirSync(folder, { recursive: true }).filter((name) => TEXT.test(name))) {
  const part = name === "sw.js" ? "worker" : /noble-/.test(name) ? "noble" : "app";
  sizes[part] += gzipSync(readFileSync(new URL(name, folder))).length;
}
for (const [part, bytes] of Object.entries(sizes)) {
  const fits = bytes > 0 && bytes <= MOST_BYTES[part];
  console.log(`${part.padEnd(6)} ${bytes} of ${MOST_BYTES[part]} bytes, gzipped${fits ? "" : ": too large"}`);
  if (!fits) process.exitCode = 1;
}
