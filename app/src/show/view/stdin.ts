// Programs for which standard input is half of the command (a25): the twin of aisudo-core's `render::stdin`.
// A label for people: what is not in the tables is not therefore harmless.

import { fromUtf8, utf8 } from "../../seal/bytes.ts";
import type { Call, Request } from "../request.ts";
import { base } from "./paths.ts";

export interface StdinReader {
  /** The program's name; nothing for the shell that sudo itself chooses. */
  readonly name?: Uint8Array;
  /** Takes its commands from there, or can beside what the command says, or acts on what comes. */
  readonly reads: "commands" | "more commands" | "content";
}

/** Shells and interpreters, without the version that may follow the name. */
export const INTERPRETERS = new Set(
  ("ash at bash batch bun busybox csh dash deno ed ex expect fish gdb guile irb ksh lua luajit " +
    "mariadb mksh mysql node nodejs nu parallel perl php psql pwsh pypy python R rbash Rscript ruby " +
    "sh sqlite tclsh tcsh xargs zsh").split(" "),
);

/** Programs that do with standard input what it says, or put it where it counts. */
export const WRITERS = new Set(
  ("apt-key chpasswd cpio crontab dd debconf-set-selections gpg install iptables-restore kubectl " +
    "newusers nft patch sponge tar tee").split(" "),
);

/** Programs that start the one which is named among their words. */
export const WRAPPERS = new Set(
  ("busybox chroot doas env flock ionice nice nohup nsenter runuser setpriv setsid stdbuf su sudo " +
    "systemd-run time timeout unshare").split(" "),
);

/** What this command does with standard input, as far as its name tells. */
export function readerOf(request: Request, call: Call): StdinReader | undefined {
  switch (call.mode) {
    case "shell":
    case "login_shell":
      return { reads: call.argv.length === 0 ? "commands" : "more commands" };
    case "run":
      return ofCommand(request, call.argv);
    default:
      return undefined;
  }
}

function ofCommand(request: Request, argv: readonly Uint8Array[]): StdinReader | undefined {
  const options = optionsFrom(argv);
  for (const [name, index] of candidates(request.program.path, argv)) {
    const found = ofProgram(name, index >= options);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What could be the program, and its place among the words. */
function* candidates(
  path: Uint8Array | undefined,
  argv: readonly Uint8Array[],
): Generator<readonly [Uint8Array, number]> {
  if (path !== undefined) yield [path, 0];
  const [first] = argv;
  if (first === undefined) return;
  yield [first, 0];
  // A wrapper's options are not parsed: any of its words could be the program.
  if (!WRAPPERS.has(stem(first))) return;
  for (const [index, word] of argv.entries()) yield [word, index];
}

/** The place behind which there are but options: `bash -x`, `python3 -`. They are no script. */
function optionsFrom(argv: readonly Uint8Array[]): number {
  return Math.max(0, argv.findLastIndex((word) => word[0] !== DASH));
}

const DASH = 0x2d;

function ofProgram(name: Uint8Array, onlyOptions: boolean): StdinReader | undefined {
  if (INTERPRETERS.has(stem(name))) {
    return { name: base(name), reads: onlyOptions ? "commands" : "more commands" };
  }
  return WRITERS.has(stem(name)) ? { name: base(name), reads: "content" } : undefined;
}

/** The name without directory and version (`python3.11`). */
function stem(name: Uint8Array): string {
  const own = base(name);
  const end = own.findLastIndex((byte) => !VERSION.has(byte)) + 1;
  return fromUtf8(own.subarray(0, end)) ?? "";
}

const VERSION = new Set(utf8("0123456789.-"));
