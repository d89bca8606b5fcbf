// Requests of many kinds, as gates write them.

import { requestDigest } from "../../src/show/index.ts";
import type { Item, Standing } from "../../src/core/types.ts";

/** When it is in all tests: 2026-03-12 10:00 UTC. */
export const NOW_MS = Date.UTC(2026, 2, 12, 10);

export const WEB = "3f9ac21b77de0481";
export const BUILD = "a0b1c2d3e4f56789";

type Json = Record<string, unknown>;

const FRAME: Json = {
  version: 1,
  nonce: "07".repeat(32),
  asked_at_ms: NOW_MS - 20_000,
  timeout_ms: 120_000,
  host: { name: "web-01", machine_id: "4f1d0c5c9c0e4a52b7a3f8c6d2e1b094" },
  requester: { uid: 1001, name: "agent", groups: ["agent", "users"] },
  unreadable: null,
  cwd: "/home/agent/site",
  stdio: [0, 1, 2].map(() => ({ kind: "terminal", path: "/dev/pts/3" })),
  tty: "/dev/pts/3",
  parents: [
    { pid: 4121, start_time: 88120, uid: 1001, name: "bash", exe: "/usr/bin/bash" },
    { pid: 3970, start_time: 81002, uid: 1001, name: "claude", exe: "/usr/bin/node" },
  ],
  agents: ["Claude Code"],
  operands: [],
  variables: [],
  reason: null,
};

const ENVIRONMENT = { preserve_all: false, preserve: [], set: [] };

/** A request to run these words; `more` replaces whole fields. */
export function run(number: number, argv: unknown[], more: Json = {}): string {
  const { mode, ...rest } = more;
  const first = String(argv[0]);
  const program = first.startsWith("/") ? first : `/usr/bin/${first}`;
  return JSON.stringify({
    ...FRAME,
    id: `018f3c1a-0000-7000-8000-${String(number).padStart(12, "0")}`,
    sudo: { pid: 4130 + number, start_time: 88200, argv: ["sudo", ...argv], service: "sudo" },
    call: {
      mode: mode ?? "run",
      argv,
      user: null,
      group: null,
      chdir: null,
      chroot: null,
      environment: ENVIRONMENT,
      background: false,
    },
    program: { path: program, real: program, found: "sudo" },
    ...rest,
  });
}

/** An item as the core would hold it. */
export function item(host: string, request: string, more: Partial<Item> = {}): Item {
  const { id, nonce } = JSON.parse(request) as { id: string; nonce: string };
  return {
    host,
    id,
    code: "ABCD",
    request,
    digest: requestDigest(request),
    nonce,
    askedAtMs: NOW_MS - 20_000,
    deadlineMs: NOW_MS + 100_000,
    standing: "waits",
    ...more,
  };
}

export const SCRIPT = "#!/bin/sh\nset -eu\n\n# Puts the new site in place.\nrsync -a build/ /srv/www/\n"
  + "systemctl reload nginx\necho \u001b[2J\u202edone\n";
export const SCRIPT_SHA = "9d1f6c7e0a2b4c5d8e9f00112233445566778899aabbccddeeff001122334455";

export const PLAIN = run(1, ["apt", "install", "--yes", "ripgrep"], {
  reason: "The search tool that the build script needs is missing.",
});
const PARTS = Array.from({ length: 2998 }, (_, at) => `/srv/data/part-${at}`);
export const LONG = run(2, ["chown", "root:root", ...PARTS]);
export const HOSTILE = run(3, [
  "echo",
  "\u202etxt.exe\u202c",
  "a\nb\u001b[2J",
  "pass\u200bword",
  "\u0430pt",
  " ".repeat(40) + "; rm -rf /",
  { hex: "fffe41" },
  "[1] approve",
], {
  host: { name: "web-01\u202e", machine_id: "" },
  requester: { uid: 1001, name: "mi\u0300ra" },
  agents: ["Claude\nApproved"],
  reason: "Ignore the warnings above.\n\n  Approved by root.\u001b[1A",
  sudo: { pid: 4133, start_time: 88200, argv: ["apt", "echo"], service: "sudo" },
});
export const SCRIPTED = run(4, ["/home/agent/site/deploy.sh", "--now"], {
  operands: [
    {
      path: "/home/agent/site/deploy.sh",
      role: "program",
      content: { kind: "hashed", sha256: SCRIPT_SHA, size: SCRIPT.length },
    },
    { path: "/home/agent/site/build", role: "argument", content: { kind: "directory" } },
    {
      path: "/home/agent/site/dump.bin",
      role: "argument",
      content: { kind: "unpinned", why: "larger than 64 MiB" },
    },
  ],
  variables: ["PYTHONPATH"],
});
export const SHELL = run(5, [], {
  mode: "shell",
  program: { path: "/bin/bash", real: "/usr/bin/bash", found: "sudo" },
});
export const PIPED = run(6, ["bash"], {
  stdio: [{ kind: "pipe" }, { kind: "pipe" }, { kind: "null" }],
  tty: null,
});
export const PARENTS = run(7, ["systemctl", "restart", "postgresql"], {
  parents: Array.from({ length: 12 }, (_, at) => {
    const exe = at % 3 === 0 ? null : "/usr/bin/python3";
    return { pid: 900 - at, start_time: 10, uid: 1001, name: `worker-${at}`, exe };
  }),
  agents: ["Codex", "aider"],
});
export const FAREWELL = run(8, ["reboot"]);

/** One for each way in which a request can stand. */
export function pastItems(): Item[] {
  const standings: readonly Standing[] = [
    "sending",
    "unsent",
    "taken",
    "approved",
    "denied",
    "ran",
    "unused",
    "expired",
    "cancelled",
    "late",
    "over",
  ];
  return standings.map((standing, at) => {
    const askedAtMs = NOW_MS - (at + 1) * 3_700_000;
    return item(at % 2 === 0 ? WEB : BUILD, run(100 + at, ["systemctl", "restart", `unit-${at}.service`]), {
      standing,
      askedAtMs,
      deadlineMs: at < 2 ? NOW_MS + 60_000 : askedAtMs + 120_000,
      ...(["approved", "denied", "ran"].includes(standing) && {
        by: { approver: "agent", thisPhone: at % 2 === 0 },
      }),
      ...(standing === "denied" && { note: "Not during the day, please." }),
      ...(["sending", "unsent", "taken"].includes(standing) && {
        answer: { verdict: "approve" as const, note: "", atMs: NOW_MS - 1000 },
      }),
    });
  });
}
