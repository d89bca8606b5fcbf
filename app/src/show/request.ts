// One attempt to run one command, read from the frozen text: the twin of aisudo-core's `request`.
//
// What Rust refuses is refused here. What only Rust takes (a list in place of an object, a field that is
// there twice and not known, a UUID in capitals) no gate writes, and is refused too: there is one reading,
// or none.

import { type Bytes, utf8 } from "../seal/bytes.ts";
import { isWhole, readJson, Unreadable } from "./json.ts";
import { Part } from "./part.ts";

export interface Request {
  readonly id: string;
  readonly nonce: string;
  readonly askedAtMs: number;
  readonly timeoutMs: number;
  readonly host: { readonly name: Bytes; readonly machineId: string };
  readonly requester: User;
  readonly sudo: Sudo;
  /** Nothing when sudo's command line could not be read with certainty. */
  readonly call?: Call;
  readonly unreadable?: string;
  readonly program: Program;
  readonly cwd: Bytes;
  readonly stdio: readonly [Stream, Stream, Stream];
  readonly tty?: Bytes;
  /** Nearest first. Claimed: a process can rename itself. */
  readonly parents: readonly Process[];
  /** Claimed. */
  readonly agents: readonly string[];
  /** Files named by the command which the requester could change until it runs. */
  readonly operands: readonly Operand[];
  readonly variables: readonly Bytes[];
  readonly reason?: Bytes;
}

export interface User {
  readonly uid: number;
  readonly name: Bytes;
  readonly groups: readonly Bytes[];
}

export interface Sudo {
  readonly pid: number;
  readonly startTime: number;
  readonly argv: readonly Bytes[];
  readonly service: Bytes;
}

export type Mode = "run" | "shell" | "login_shell" | "edit" | "list" | "validate";

export interface Call {
  readonly mode: Mode;
  readonly argv: readonly Bytes[];
  readonly user?: Bytes;
  readonly group?: Bytes;
  readonly chdir?: Bytes;
  readonly chroot?: Bytes;
  readonly environment: Environment;
  readonly background: boolean;
}

export interface Environment {
  readonly preserveAll: boolean;
  readonly preserve: readonly Bytes[];
  readonly set: readonly Bytes[];
}

export interface Program {
  readonly path?: Bytes;
  readonly real?: Bytes;
  readonly found: "sudo" | "gate" | "unknown";
}

export type Stream =
  | { readonly kind: "terminal" | "file" | "other"; readonly path: Bytes }
  | { readonly kind: "pipe" | "socket" | "null" | "closed" };

export interface Process {
  readonly pid: number;
  readonly startTime: number;
  readonly uid: number;
  readonly name: Bytes;
  readonly exe?: Bytes;
}

export type Role = "program" | "interpreter" | "argument" | "stdin";

export interface Operand {
  readonly path: Bytes;
  readonly role: Role;
  readonly content: Content;
}

export type Content =
  | { readonly kind: "hashed"; readonly sha256: string; readonly size: number }
  | { readonly kind: "directory" }
  | { readonly kind: "unpinned"; readonly why: string };

/** The longest request, in bytes. */
const MAX_BYTES = 128 * 1024;

/** The form that this version reads. */
const VERSION = 1;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws `Unreadable`. */
export function readRequest(frozen: string): Request {
  if (!isWhole(frozen)) throw new Unreadable("it is no text");
  if (utf8(frozen).length > MAX_BYTES) throw new Unreadable(`it is longer than ${MAX_BYTES} bytes`);
  const whole = Part.of(readJson(frozen), "the request");
  const version = whole.u32("version");
  if (version !== VERSION) {
    throw new Unreadable(`it has version ${version}, this app reads version ${VERSION}: update aisudo`);
  }
  return requestOf(whole);
}

function requestOf(whole: Part): Request {
  return {
    id: whole.matching("id", UUID),
    nonce: whole.hex32("nonce"),
    askedAtMs: whole.u64("asked_at_ms"),
    timeoutMs: whole.u64("timeout_ms"),
    host: hostOf(whole.part("host")),
    requester: userOf(whole.part("requester")),
    sudo: sudoOf(whole.part("sudo")),
    ...whole.optional("call", (from) => ({ call: callOf(from.part("call")) })),
    ...whole.optional("unreadable", (from) => ({ unreadable: from.text("unreadable") })),
    program: programOf(whole.part("program")),
    cwd: whole.raw("cwd"),
    stdio: stdioOf(whole.parts("stdio")),
    ...whole.optional("tty", (from) => ({ tty: from.raw("tty") })),
    parents: whole.parts("parents").map(processOf),
    agents: whole.texts("agents"),
    operands: whole.parts("operands").map(operandOf),
    variables: whole.has("variables") ? whole.raws("variables") : [],
    ...whole.optional("reason", (from) => ({ reason: from.raw("reason") })),
  };
}

function hostOf(part: Part): Request["host"] {
  return { name: part.raw("name"), machineId: part.text("machine_id") };
}

function userOf(part: Part): User {
  return {
    uid: part.u32("uid"),
    name: part.raw("name"),
    groups: part.has("groups") ? part.raws("groups") : [],
  };
}

function sudoOf(part: Part): Sudo {
  return {
    pid: part.i32("pid"),
    startTime: part.u64("start_time"),
    argv: part.raws("argv"),
    service: part.raw("service"),
  };
}

function callOf(part: Part): Call {
  const environment = part.part("environment");
  return {
    mode: part.one("mode", ["run", "shell", "login_shell", "edit", "list", "validate"]),
    argv: part.raws("argv"),
    ...part.optional("user", (from) => ({ user: from.raw("user") })),
    ...part.optional("group", (from) => ({ group: from.raw("group") })),
    ...part.optional("chdir", (from) => ({ chdir: from.raw("chdir") })),
    ...part.optional("chroot", (from) => ({ chroot: from.raw("chroot") })),
    environment: {
      preserveAll: environment.flag("preserve_all"),
      preserve: environment.raws("preserve"),
      set: environment.raws("set"),
    },
    background: part.flag("background"),
  };
}

function programOf(part: Part): Program {
  return {
    ...part.optional("path", (from) => ({ path: from.raw("path") })),
    ...part.optional("real", (from) => ({ real: from.raw("real") })),
    found: part.one("found", ["sudo", "gate", "unknown"]),
  };
}

function stdioOf(parts: readonly Part[]): Request["stdio"] {
  const [input, output, errors, ...more] = parts.map(streamOf);
  if (input === undefined || output === undefined || errors === undefined || more.length > 0) {
    throw new Unreadable("the request: stdio is not three streams");
  }
  return [input, output, errors];
}

function streamOf(part: Part): Stream {
  const kind = part.one("kind", ["terminal", "pipe", "socket", "null", "file", "other", "closed"]);
  switch (kind) {
    case "terminal":
    case "file":
    case "other":
      return { kind, path: part.raw("path") };
    default:
      return { kind };
  }
}

function processOf(part: Part): Process {
  return {
    pid: part.i32("pid"),
    startTime: part.u64("start_time"),
    uid: part.u32("uid"),
    name: part.raw("name"),
    ...part.optional("exe", (from) => ({ exe: from.raw("exe") })),
  };
}

function operandOf(part: Part): Operand {
  return {
    path: part.raw("path"),
    role: part.one("role", ["program", "interpreter", "argument", "stdin"]),
    content: contentOf(part.part("content")),
  };
}

function contentOf(part: Part): Content {
  const kind = part.one("kind", ["hashed", "directory", "unpinned"]);
  switch (kind) {
    case "hashed":
      return { kind, sha256: part.hex32("sha256"), size: part.u64("size") };
    case "directory":
      return { kind };
    case "unpinned":
      return { kind, why: part.text("why") };
  }
}
