// What deserves a second look, the most important first: the twin of aisudo-core's `render::warnings`.

import { same } from "../../seal/bytes.ts";
import type { Call, Operand, Request, Stream } from "../request.ts";
import { type Asker, askerName, askerOf, byOption } from "./asker.ts";
import { argvOf, bytesIn, lengthOf, runs } from "./command.ts";
import { base, letters, SLASH } from "./paths.ts";
import type { Safe } from "./safe.ts";
import { isCopied, sealedIn } from "./sealed.ts";
import { readerOf } from "./stdin.ts";
import { loadsCode } from "./variables.ts";

export function* warningsOf(request: Request, safe: Safe): Generator<string> {
  const call = request.call;
  yield* asker(request, safe);
  yield* raw(request, safe);
  if (call !== undefined) {
    yield* shell(call);
    if (runs(call)) {
      yield* input(request, call, safe);
      yield* program(request, call, safe);
    }
    yield* ticket(call);
    yield* environment(request, call, safe);
    yield* otherRoot(call);
  }
  yield* files(request, safe);
  yield* long(request);
  yield* firstWord(request, safe);
}

/** Another program than sudo has rules of its own for who may do what. */
function* asker(request: Request, safe: Safe): Generator<string> {
  const asker = askerOf(request);
  if (asker === "other") {
    const service = safe.word("the service", request.sudo.service);
    yield `It was not asked for with sudo, but with a program that aisudo does not know (PAM service ${service}).`;
  } else if (asker !== "sudo") {
    yield `It was asked for with ${asker}, not with sudo.`;
  }
}

function* raw(request: Request, safe: Safe): Generator<string> {
  if (request.call === undefined) {
    const why = safe.text("why it could not be read", request.unreadable ?? "no reason is given");
    yield `RAW: ${askerName(request)}'s command line could not be read (${why}): shown as it is.`;
  } else if (request.unreadable !== undefined) {
    const why = safe.text("why it could not be read", request.unreadable);
    yield `aisudo is not certain how ${askerName(request)} reads this: ${why}`;
  }
}

function* shell(call: Call): Generator<string> {
  if ((call.mode === "shell" || call.mode === "login_shell") && call.argv.length === 0) {
    yield "A SHELL: whatever is typed into it runs, and nobody is asked about it.";
  }
}

function* ticket(call: Call): Generator<string> {
  if (call.mode === "validate") {
    yield "After this, sudo may not ask for a password for a while; aisudo still asks for each command.";
  }
}

/** Commands or content that nobody sees (a25). */
function* input(request: Request, call: Call, safe: Safe): Generator<string> {
  const from = unseen(request.stdio[0], safe);
  if (from === undefined) return;
  const reader = readerOf(request, call);
  if (reader === undefined) return;
  const name = reader.name === undefined ? "The shell" : safe.word("the program", reader.name);
  switch (reader.reads) {
    case "commands":
      yield `${name} takes its commands from ${from}: what will run cannot be seen here.`;
      return;
    case "more commands":
      yield `${name} can read more commands from ${from}: they cannot be seen here.`;
      return;
    case "content":
      yield `${name} acts on what comes from ${from}: it cannot be seen here.`;
  }
}

function unseen(stream: Stream, safe: Safe): string | undefined {
  switch (stream.kind) {
    case "pipe":
      return "a pipe from another process";
    case "socket":
      return "a socket";
    case "file":
      return `the file ${safe.word("the input", stream.path)}`;
    case "other":
      return safe.word("the input", stream.path);
    default:
      return undefined;
  }
}

/** Which program it is, and whether it stays the same (a20). */
function* program(request: Request, call: Call, safe: Safe): Generator<string> {
  const { path, found } = request.program;
  const [word] = call.argv;
  if (path === undefined || found === "unknown") {
    yield `The program is not known: which file ${askerName(request)} will run was not found.`;
  } else if (found === "gate") {
    const shown = safe.word("the program", path);
    yield `The program ${shown} is what aisudo's own search found: ${askerName(request)} may run another.`;
  }
  if (call.mode === "run" && path !== undefined && word !== undefined && !same(base(path), base(word))) {
    const [runs, says] = [safe.word("the program", path), safe.word("the command", word)];
    yield `The program is ${runs}, although the command says ${says}.`;
  }
}

/** What survives into the command's environment (a26). */
function* environment(request: Request, call: Call, safe: Safe): Generator<string> {
  const { preserveAll, preserve, set } = call.environment;
  if (preserveAll) {
    yield `All of the requester's environment is kept${byOption(request)}: it can change what programs do.`;
  }
  const said = new Set<string>();
  for (const name of [...set.map(nameIn), ...preserve]) {
    if (!loadsCode(name) || said.has(letters(name))) continue;
    said.add(letters(name));
    yield `The variable ${safe.word("the environment", name)} can make programs run other code.`;
  }
}

/** Of `name=value`. */
function nameIn(setting: Uint8Array): Uint8Array {
  const end = setting.indexOf(EQUALS);
  return end < 0 ? setting : setting.subarray(0, end);
}

const EQUALS = 0x3d;

function* otherRoot(call: Call): Generator<string> {
  if (call.chroot !== undefined) {
    yield "It runs inside another root directory (-R): paths mean other files there.";
  }
}

/** What the requester could still change (a23, a24). */
function* files(request: Request, safe: Safe): Generator<string> {
  const who = safe.word("the user", request.requester.name);
  const sealed = sealedIn(request);
  const [copied, open] = split(request.operands, (operand) => isCopied(operand, sealed));
  for (const operand of copied) {
    const path = safe.word("a changeable file", operand.path);
    yield `${path} is ${who}'s own code: a copy of it runs that has the SHA-256 in this request, ` +
      "whatever becomes of the file.";
  }
  for (const operand of open.filter(isCode)) {
    const path = safe.word("a changeable file", operand.path);
    yield `${who} can change ${path}, which is code that will run (${check(isPinned(operand))}).`;
  }
  const others = open.filter((operand) => !isCode(operand));
  for (const pinned of [true, false]) {
    const some = others.filter((operand) => isPinned(operand) === pinned);
    const [file, another] = some;
    if (another !== undefined) {
      const what = `${some.length} files or directories that the command uses`;
      yield `${who} can change ${what} (${check(pinned)}): see "changeable".`;
    } else if (file !== undefined) {
      const path = safe.word("a changeable file", file.path);
      yield `${who} can change ${path}, which the command uses (${check(pinned)}).`;
    }
  }
}

/** Those of which something holds, and the others. */
function split<T>(all: readonly T[], holds: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(holds), all.filter((one) => !holds(one))];
}

function check(pinned: boolean): string {
  return pinned ? "checked again before it runs" : "NOT checked again";
}

function isCode(operand: Operand): boolean {
  return operand.role === "program" || operand.role === "interpreter";
}

function isPinned(operand: Operand): boolean {
  return operand.content.kind === "hashed";
}

/** A command of more words or bytes than this does not fit on a screen. */
const LONG_WORDS = 40;
const LONG_BYTES = 1000;

/** a18: said, because a screen hides it; not cut. */
function* long(request: Request): Generator<string> {
  const argv = argvOf(request);
  if (argv.length > LONG_WORDS || bytesIn(argv) > LONG_BYTES) {
    yield `The command is long: ${lengthOf(argv)}. All of it is shown; read to its end.`;
  }
}

const NAMES: Readonly<Record<Exclude<Asker, "other">, readonly string[]>> = {
  sudo: ["sudo", "sudoedit", "sudo-rs", "sudoedit-rs"],
  su: ["su"],
  doas: ["doas"],
};

/** a19: the first word of a command line is its caller's to choose. */
function* firstWord(request: Request, safe: Safe): Generator<string> {
  const asker = askerOf(request);
  // Nobody knows its name.
  if (asker === "other") return;
  const first = request.sudo.argv[0] ?? new Uint8Array();
  const absolute = first[0] === SLASH || !first.includes(SLASH);
  if (!absolute || !NAMES[asker].includes(letters(base(first)))) {
    const name = safe.word("sudo's own words", first);
    yield `${asker} was started under another name, ${name}: its caller chose that.`;
  }
}
