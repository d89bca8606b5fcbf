// What a notification shows of a request, and when it may be approved there.

import { describe, expect, test } from "vitest";

import { render } from "../src/sw/render.ts";

/** What a gate freezes, with some of it changed. */
function frozen(change: Record<string, unknown> = {}, argv = ["apt", "install", "jq"]): string {
  const environment = { preserve_all: false, preserve: [], set: [] };
  const call = {
    ...{ mode: "run", argv, user: null, group: null, chdir: null, chroot: null },
    ...{ environment, background: false },
  };
  return JSON.stringify({
    ...{ version: 1, id: "0190a5d0-0000-7000-8000-000000000001", nonce: "ab".repeat(32) },
    ...{ asked_at_ms: 1_000, timeout_ms: 120_000 },
    host: { name: "box", machine_id: "" },
    requester: { uid: 1001, name: "agent", groups: [] },
    sudo: { pid: 7, start_time: 8, argv: ["sudo", ...argv], service: "sudo" },
    ...{ call, unreadable: null },
    program: { path: `/usr/bin/${argv[0]}`, real: null, found: "sudo" },
    cwd: "/home/agent",
    stdio: [{ kind: "null" }, { kind: "null" }, { kind: "null" }],
    ...{ tty: null, parents: [], agents: [], operands: [], variables: [], reason: null },
    ...change,
  });
}

test("the command, as whom, for whom, where", () => {
  expect(render(frozen(), "7KQ2M")).toEqual({
    title: "Request 7KQ2M on box",
    body: "apt install jq\nas root, asked by agent (uid 1001)\nin /home/agent",
    whole: true,
  });
});

describe("not to be approved at a glance", () => {
  test("what deserves a second look: it comes first", () => {
    const piped = frozen({ stdio: [{ kind: "pipe" }, { kind: "null" }, { kind: "null" }] }, ["bash"]);
    const { body, whole } = render(piped, "7KQ2M");
    expect(body.split("\n")[0]).toMatch(/^bash takes its commands from a pipe/);
    expect(whole).toBe(false);
  });

  test("what is longer than a notification shows; it is not shortened", () => {
    const long = "x".repeat(240);
    const { body, whole } = render(frozen({}, ["echo", long]), "7KQ2M");
    expect(body).toContain(long);
    expect(whole).toBe(false);
  });

  test("a17: letters that hide or imitate", () => {
    const { body, whole } = render(frozen({}, ["rm", "a\u202eb\n\u200b"]), "7KQ2M");
    expect(body).not.toMatch(/[\u202e\u200b]/);
    expect(whole).toBe(false);
  });

  test("what cannot be read", () => {
    for (const text of ["{}", "", frozen({ version: 2 }), frozen({ stdio: [] })]) {
      expect(render(text, "7KQ2M")).toEqual({
        ...{ title: "Request 7KQ2M", body: "It cannot be shown here: open the app.", whole: false },
      });
    }
  });
});
