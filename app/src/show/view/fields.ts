// The facts below the command: the twin of aisudo-core's `render::fields`.

import { same } from "../../seal/bytes.ts";
import type { Call, Content, Operand, Process, Request, Role, Stream } from "../request.ts";
import { askerName, askerOf, byOption } from "./asker.ts";
import { argvOf, lengthOf, runs, targetOf } from "./command.ts";
import type { Safe } from "./safe.ts";
import { isCopied, sealedIn } from "./sealed.ts";

export interface Line {
  /** The same one can stand several times. */
  readonly label: string;
  readonly value: string;
}

/** What the request's bytes do not say about it. */
export interface Label {
  /** The name by which people answer. */
  readonly code: string;
  /** Of the frozen text, computed here. */
  readonly digest: string;
  /** Until the deadline; nothing when it is over. */
  readonly remainingMs: number | undefined;
}

export function linesOf(request: Request, label: Label, safe: Safe): Line[] {
  return [
    ...who(request, safe),
    ...how(request, safe),
    ...around(request, safe),
    { label: "request", value: request.id },
    { label: "digest", value: label.digest },
    { label: "answer", value: untilWhen(label.remainingMs) },
  ];
}

/** As whom, where, for whom. */
function* who(request: Request, safe: Safe): Generator<Line> {
  if (request.call !== undefined) yield { label: "as", value: targetOf(request, request.call, safe) };
  yield { label: "host", value: hostOf(request, safe) };
  yield { label: "asked by", value: requesterOf(request, safe) };
  for (const agent of request.agents) yield { label: "agent", value: agentOf(agent, safe) };
}

/** What exactly is run, and on what. */
function* how(request: Request, safe: Safe): Generator<Line> {
  const call = request.call;
  yield { label: "length", value: lengthOf(argvOf(request)) };
  if (call !== undefined) yield { label: "sudo's part", value: sudosPart(request, call, safe) };
  yield { label: "directory", value: directoryOf(request, safe) };
  const program = programOf(request, safe);
  if (program !== undefined) yield { label: "program", value: program };
  if (call !== undefined) {
    if (call.chroot !== undefined) {
      const root = safe.word("the root directory", call.chroot);
      yield { label: "inside", value: `${root} (-R: another root directory)` };
    }
    for (const value of environmentOf(request, call, safe)) yield { label: "environment", value };
    if (call.background) yield { label: "background", value: "yes (-b): sudo does not wait for it" };
  }
  const sealed = sealedIn(request);
  for (const operand of request.operands) {
    yield { label: "changeable", value: changeableOf(operand, sealed, safe) };
  }
}

/** The process and what it hangs on. */
function* around(request: Request, safe: Safe): Generator<Line> {
  const [input, output, errors] = request.stdio;
  yield { label: "input", value: inputOf(input, safe) };
  yield { label: "output", value: outputOf(output, safe) };
  if (!alike(errors, output)) yield { label: "errors", value: outputOf(errors, safe) };
  const terminal = request.tty === undefined ? "none" : safe.word("the terminal", request.tty);
  yield { label: "terminal", value: terminal };
  yield { label: "sudo", value: `pid ${request.sudo.pid}` };
  for (const parent of request.parents) yield { label: "started by", value: parentOf(parent, safe) };
  if (request.reason !== undefined) yield { label: "reason", value: reasonOf(request.reason, safe) };
}

function untilWhen(remainingMs: number | undefined): string {
  return remainingMs === undefined
    ? "it is over: no answer is taken any more"
    : `within ${Math.floor(remainingMs / 1000)} s; no answer means no`;
}

export function hostOf(request: Request, safe: Safe): string {
  const id = request.host.machineId;
  const machine = id === "" ? "" : ` (machine ${safe.word("the machine id", id)})`;
  return `${safe.word("the host", request.host.name)}${machine}`;
}

export function requesterOf(request: Request, safe: Safe): string {
  return `${safe.word("the user", request.requester.name)} (uid ${request.requester.uid})`;
}

export function agentOf(agent: string, safe: Safe): string {
  return `${safe.word("the agent's name", agent)} (claimed: by the names of processes)`;
}

/** sudo's own words: those before the command, which hold options that are named nowhere else. */
function sudosPart(request: Request, call: Call, safe: Safe): string {
  const argv = request.sudo.argv;
  const own = Math.max(0, argv.length - call.argv.length);
  const rest = argv.slice(own);
  return safe.words("sudo's own words", alikeWords(rest, call.argv) ? argv.slice(0, own) : argv);
}

function foundOf(request: Request): string {
  switch (request.program.found) {
    case "sudo":
      return "as sudo says";
    case "gate":
      return `as aisudo searched; ${askerName(request)}'s own search may differ`;
    case "unknown":
      return "not found";
  }
}

export function programOf(request: Request, safe: Safe): string | undefined {
  const path = request.program.path;
  if (path !== undefined) return `${safe.word("the program", path)} (${foundOf(request)})`;
  return request.call !== undefined && runs(request.call) ? "not known" : undefined;
}

export function directoryOf(request: Request, safe: Safe): string {
  const started = request.cwd.length === 0 ? "not known" : safe.word("the directory", request.cwd);
  const chdir = request.call?.chdir;
  return chdir === undefined ? started : `${safe.word("the directory", chdir)} (-D), started in ${started}`;
}

/** What was asked for, and what the requester's own holds, whether or not it survives (a26). */
export function* environmentOf(request: Request, call: Call, safe: Safe): Generator<string> {
  const { preserveAll, preserve, set } = call.environment;
  if (preserveAll) yield `keeps all of the requester's${byOption(request)}`;
  if (preserve.length > 0) yield `keeps the requester's ${safe.words("the environment", preserve)}`;
  if (set.length > 0) yield `sets ${safe.words("the environment", set)}`;
  if (request.variables.length > 0) {
    const names = safe.words("the environment", request.variables);
    yield `the requester's own has ${names}: ${fateOf(request, call)}`;
  }
}

function fateOf(request: Request, call: Call): string {
  switch (askerOf(request)) {
    case "sudo":
      return "sudo drops what sudoers does not keep";
    case "su":
      return call.environment.preserveAll ? "su keeps it" : "su drops it";
    case "doas":
      return "doas drops what doas.conf does not keep";
    case "other":
      return "what becomes of it is not known";
  }
}

const ROLES: Readonly<Record<Role, string>> = {
  program: "the program",
  interpreter: "the interpreter of the program",
  argument: "named by the command",
  stdin: "standard input",
};

export function changeableOf(
  operand: Operand,
  sealed: ReadonlySet<string> | undefined,
  safe: Safe,
): string {
  const path = safe.word("a changeable file", operand.path);
  const copied = isCopied(operand, sealed) ? "; a sealed copy runs" : "";
  return `${path} (${ROLES[operand.role]}; ${contentOf(operand.content, safe)}${copied})`;
}

function contentOf(content: Content, safe: Safe): string {
  switch (content.kind) {
    case "hashed":
      return `${content.size} bytes, SHA-256 ${content.sha256}`;
    case "directory":
      return "a directory: what is in it is not checked";
    case "unpinned":
      return `not checked: ${safe.text("a changeable file", content.why)}`;
  }
}

export function inputOf(stream: Stream, safe: Safe): string {
  switch (stream.kind) {
    case "pipe":
      return "piped from another process: not visible here";
    case "socket":
      return "a socket: what comes through it is not visible here";
    default:
      return streamOf(stream, "the input", safe);
  }
}

function outputOf(stream: Stream, safe: Safe): string {
  return streamOf(stream, "the output", safe);
}

function streamOf(stream: Stream, field: string, safe: Safe): string {
  switch (stream.kind) {
    case "terminal":
      return `the terminal ${safe.word(field, stream.path)}`;
    case "pipe":
      return "piped to another process";
    case "socket":
      return "a socket";
    case "null":
      return "nothing (/dev/null)";
    case "file":
      return `the file ${safe.word(field, stream.path)}`;
    case "other":
      return `something else: ${safe.word(field, stream.path)}`;
    case "closed":
      return "closed";
  }
}

function alikeWords(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  const alike = (word: Uint8Array, other: Uint8Array | undefined) => other !== undefined && same(word, other);
  return some.length === others.length && some.every((word, index) => alike(word, others[index]));
}

function alike(one: Stream, other: Stream): boolean {
  if (!("path" in one) || !("path" in other)) return one.kind === other.kind;
  return one.kind === other.kind && same(one.path, other.path);
}

export function parentOf(process: Process, safe: Safe): string {
  const name = safe.word("a parent process", process.name);
  const exe = process.exe === undefined ? "not readable" : safe.word("a parent process", process.exe);
  return `${name} (claimed; program ${exe}, pid ${process.pid}, uid ${process.uid})`;
}

export function reasonOf(reason: Uint8Array, safe: Safe): string {
  return `in the agent's own words: ${safe.text("the reason", reason)}`;
}
