import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { serviceWorker } from "./vite/worker.ts";

export default defineConfig({
  // The app may be served from any folder.
  base: "./",
  plugins: [svelte(), serviceWorker()],
  build: {
    target: "es2022",
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "noble", test: /node_modules\/@noble\// }] } },
    },
  },
  // A busy machine is no failure.
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
