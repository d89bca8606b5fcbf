// Which program asks: the twin of aisudo-core's `asked_by`.

import type { Request } from "../request.ts";
import { letters } from "./paths.ts";

export type Asker = "sudo" | "su" | "doas" | "other";

/** By its PAM service, which is root's to choose and not the requester's. */
export function askerOf(request: Request): Asker {
  switch (letters(request.sudo.service)) {
    case "sudo":
    case "sudo-i":
      return "sudo";
    case "su":
    case "su-l":
      return "su";
    case "doas":
      return "doas";
    default:
      return "other";
  }
}

/** What to call it. */
export function askerName(request: Request): string {
  const asker = askerOf(request);
  return asker === "other" ? "the program that asks" : asker;
}

/** The option of sudo that keeps the whole environment. su needs none. */
export function byOption(request: Request): string {
  return askerOf(request) === "sudo" ? " (-E)" : "";
}
