// Builds the service worker after everything else, with the list of all files that the build has made.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

import { build, type Plugin, type ResolvedConfig } from "vite";

import type { Files, Listed } from "../src/sw/files.ts";

const WORKER = "sw.js";

/** All files in a folder, by what they hold. The index is what the folder's own URL gives. */
export function listFiles(folder: string): Files {
  const list = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== WORKER && !entry.name.endsWith(".map"))
    .map((entry): Listed => {
      const path = join(entry.parentPath, entry.name);
      const url = relative(folder, path).split(sep).join("/");
      const hash = createHash("sha256").update(readFileSync(path)).digest("base64");
      return [url === "index.html" ? "./" : url, `sha256-${hash}`];
    })
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const version = createHash("sha256").update(JSON.stringify(list)).digest("hex").slice(0, 16);
  return { version, list };
}

export function serviceWorker(source = "src/sw/sw.ts"): Plugin {
  let config: ResolvedConfig;
  return {
    name: "aisudo-service-worker",
    apply: "build",
    configResolved: (resolved) => {
      config = resolved;
    },
    closeBundle: {
      order: "post",
      sequential: true,
      handler: async () => {
        const outDir = resolve(config.root, config.build.outDir);
        await build({
          configFile: false,
          root: config.root,
          logLevel: config.logLevel ?? "info",
          define: { AISUDO_FILES: JSON.stringify(listFiles(outDir)) },
          build: {
            ...{ outDir, emptyOutDir: false, copyPublicDir: false, target: config.build.target },
            minify: config.build.minify,
            rolldownOptions: {
              input: join(config.root, source),
              output: { format: "iife", entryFileNames: WORKER },
            },
          },
        });
      },
    },
  };
}
