import { defineConfig } from "vitest/config";

import { serviceWorker } from "./vite/worker.ts";

export default defineConfig({
  plugins: [serviceWorker()],
  test: { include: ["test/**/*.test.ts"] },
});
