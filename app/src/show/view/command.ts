// What is asked for, in words: the twin of the upper half of aisudo-core's `render`.

import type { Call, Request } from "../request.ts";
import type { Safe } from "./safe.ts";

export function titleOf(request: Request, code: string, safe: Safe): string {
  const who = safe.word("the user", request.requester.name);
  const host = safe.word("the host", request.host.name);
  const name = safe.word("the code", code);
  const what = request.call === undefined
    ? "for something that could not be read"
    : `to ${doing(request.call, targetOf(request, request.call, safe))}`;
  return `Request ${name}: ${who} on ${host} asks ${what}`;
}

/** The mode in words. */
function doing(call: Call, target: string): string {
  const withWords = call.argv.length > 0;
  switch (call.mode) {
    case "run":
      return `run a command as ${target}`;
    case "shell":
      return withWords ? `run a command in a shell as ${target}` : `open a SHELL as ${target}`;
    case "login_shell":
      return withWords ? `run a command in a login shell as ${target}` : `open a LOGIN SHELL as ${target}`;
    case "edit":
      return `edit files as ${target}`;
    case "list":
      return "list what sudo permits (nothing is run)";
    case "validate":
      return "renew sudo's ticket (nothing is run now)";
  }
}

/** As whom. Without `-u`, `-g` alone means the requester with another group: sudo(8). */
export function targetOf(request: Request, call: Call, safe: Safe): string {
  const user = userOf(request, call, safe);
  return call.group === undefined ? user : `${user} with group ${safe.word("the target group", call.group)}`;
}

function userOf(request: Request, call: Call, safe: Safe): string {
  if (call.user !== undefined) return safe.word("the target user", call.user);
  return call.group === undefined ? "root" : safe.word("the user", request.requester.name);
}

/** The words that were asked for: those of sudo itself when it is not known which of them are the command. */
export function argvOf(request: Request): readonly Uint8Array[] {
  return request.call?.argv ?? request.sudo.argv;
}

/** A remark on how it runs. No command can imitate it: a word with a parenthesis is quoted. */
export function remarkOf(call: Call | undefined): string {
  const empty = call?.argv.length === 0;
  switch (call?.mode) {
    case undefined:
      return "(RAW)";
    case "run":
      return "";
    case "shell":
      return empty ? "(a shell)" : "(in a shell)";
    case "login_shell":
      return empty ? "(a login shell)" : "(in a login shell)";
    case "edit":
      return "(edit)";
    case "list":
      return "(list)";
    case "validate":
      return "(renew sudo's ticket)";
  }
}

export function joined(remark: string, words: readonly string[]): string {
  return (remark === "" ? words : [remark, ...words]).join(" ");
}

/** Whether something will be run. */
export function runs(call: Call): boolean {
  return call.mode === "run" || call.mode === "shell" || call.mode === "login_shell";
}

/** How many words and bytes, for whoever has to scroll. */
export function lengthOf(argv: readonly Uint8Array[]): string {
  return `${counted(argv.length, "word")}, ${counted(bytesIn(argv), "byte")}`;
}

export function bytesIn(argv: readonly Uint8Array[]): number {
  return argv.reduce((sum, word) => sum + word.length, 0);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
