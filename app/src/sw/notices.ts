// What the service worker shows. Everything in it that was written elsewhere is either a code (letters and
// digits, checked) or comes out of `show`.

import type { HostRow, ItemRow } from "../core/rows.ts";
import type { Standing } from "../core/types.ts";

/** A request in a few words, from its frozen bytes, by `show`. The code belongs to them. */
export type Render = (
  frozen: string,
  code: string,
) => {
  readonly title: string;
  readonly body: string;
  /** Whether that is all that a person must see before they say yes. */
  readonly whole: boolean;
};

/** A notification. One with the same tag takes the place of another. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly tag: string;
  readonly data: Shown;
  readonly loud: boolean;
  readonly actions: readonly ("approve" | "deny")[];
}

/** What a notification was about: what a tap on it means. */
export interface Shown {
  readonly host?: string;
  readonly id?: string;
  readonly digest?: string;
}

/** A request that waits. `answers`: whether this browser and this phone's key can answer from here. */
export function asking(item: ItemRow, host: HostRow, render: Render, answers: boolean): Notice {
  const { title, body, whole } = render(item.request, item.code);
  const { id, digest } = item;
  const actions = answers ? (whole ? (["approve", "deny"] as const) : (["deny"] as const)) : [];
  return { title, body, tag: id, data: { host: host.id, id, digest }, loud: true, actions };
}

const ENDS: Record<Standing, string> = {
  waits: "It waits for an answer.",
  sending: "Your answer is on its way.",
  unsent: "Your answer could not be sent: open the app.",
  taken: "The host has your answer.",
  approved: "Approved.",
  denied: "Denied.",
  ran: "Approved, and it ran.",
  unused: "Approved, and never used.",
  expired: "Nobody answered in time.",
  cancelled: "It was withdrawn.",
  late: "Your answer came too late.",
  over: "It is over.",
};

/** How a request stands. Takes the place of the question. */
export function standingOf({ host, id, code, standing }: ItemRow): Notice {
  return quiet(`Request ${code}`, ENDS[standing], id, { host, id });
}

/** A request whose bytes are not here. */
export function elsewhere(host: string, id: string, code: string): Notice {
  const name = /^[0-9A-Z]{5,51}$/.test(code) ? ` ${code}` : "";
  const notice = quiet(`Request${name} waits`, "Open the app to see it.", id, { host, id });
  return { ...notice, loud: true };
}

/** Something that a person should know: one line. */
export function line(text: string, shown: Shown = {}): Notice {
  return quiet("aisudo", text, shown.id ?? "line", shown);
}

function quiet(title: string, body: string, tag: string, data: Shown): Notice {
  return { title, body, tag, data, loud: false, actions: [] };
}
