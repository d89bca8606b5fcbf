// The built screens with the fake core, served from a port of the system's choice, under the app's policy.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

import { build } from "vite";

export const APP = new URL("../../", import.meta.url).pathname;
const OUT = join(APP, "../target/ui-app");

export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types aisudo-worker",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** Builds the app as it is, but for its core. */
export async function buildWithFake(): Promise<void> {
  await build({
    root: APP,
    configFile: join(APP, "vite.config.ts"),
    logLevel: "warn",
    plugins: [{
      name: "fake-core",
      transformIndexHtml: {
        order: "pre",
        handler: (html) => html.replace("/src/main.ts", "/test/ui/entry.ts"),
      },
    }],
    build: { outDir: OUT, emptyOutDir: true },
  });
}

/** Serves what was built; returns its address and how to end. */
export async function serve(): Promise<{ readonly origin: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://here").pathname;
    const file = join(OUT, normalize(path === "/" ? "/index.html" : path));
    readFile(file).then(
      (body) => {
        response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
        response.setHeader("content-security-policy", POLICY);
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
