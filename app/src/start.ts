// Where the screens get their core from.

import { startInBrowser } from "./core/browser.ts";
import type { Core } from "./core/types.ts";

export function startCore(): Core {
  return startInBrowser();
}
