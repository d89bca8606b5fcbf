// Builds and serves once for all tests of the screens.

import type { TestProject } from "vitest/node";

import { buildWithFake, serve } from "./serve.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildWithFake();
  const { origin, close } = await serve();
  project.provide("origin", origin);
  return close;
}

declare module "vitest" {
  export interface ProvidedContext {
    origin: string;
  }
}
