// How a request is shown in a notification: the same safe strings as on the screen, for a glance.

import { facts, readRequest, requestDigest, Unreadable, view } from "../show/index.ts";
import type { Render } from "./notices.ts";

/** What a notification shows of a text, at least, once it is opened. */
const SHOWN_LETTERS = 240;
const SHOWN_LINES = 4;

/**
 * A request of which everything is in the notification, and nothing deserves a second look, can be approved
 * there. All others are to be read in the app.
 */
export const render: Render = (frozen, code) => {
  const title = `Request ${code}`;
  try {
    const request = readRequest(frozen);
    const { warnings, command } = view(request, { code, digest: requestDigest(frozen), remainingMs: 0 });
    const { target, requester, hostName, directory } = facts(request);
    const whom = target === undefined ? "" : `as ${target}, `;
    const lines = [...warnings, command, `${whom}asked by ${requester}`, `in ${directory}`];
    const body = lines.join("\n");
    const fits = body.length <= SHOWN_LETTERS && lines.length <= SHOWN_LINES;
    return { title: `${title} on ${hostName}`, body, whole: fits && warnings.length === 0 };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { title, body: "It cannot be shown here: open the app.", whole: false };
  }
};
