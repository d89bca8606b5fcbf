// Where the screens get their core from.

import type { Core } from "./core/types.ts";

export async function startCore(): Promise<Core> {
  // return (await import("./core/browser.ts")).startInBrowser();
  throw new Error("this build has no core");
}
