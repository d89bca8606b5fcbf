// Which facts stand together. Whatever has no place of its own is shown under the last heading.

import type { Line } from "../shown.ts";

export interface Group {
  readonly name: string;
  readonly lines: readonly Line[];
}

const GROUPS: readonly { readonly name: string; readonly labels: readonly string[] }[] = [
  {
    name: "As whom and where",
    labels: ["as", "host", "directory", "program", "inside", "background", "sudo's part"],
  },
  { name: "Who asks", labels: ["asked by", "agent", "started by"] },
  { name: "Input and environment", labels: ["input", "output", "errors", "terminal", "environment"] },
];
const REST = "What is signed";

/** These have a place and form of their own. */
const ELSEWHERE = ["changeable", "reason", "digest", "length"];

export function groupsOf(lines: readonly Line[]): Group[] {
  const placed = new Set([...ELSEWHERE, ...GROUPS.flatMap(({ labels }) => labels)]);
  const of = (labels: readonly string[]) => lines.filter(({ label }) => labels.includes(label));
  return [
    ...GROUPS.map(({ name, labels }) => ({ name, lines: of(labels) })),
    { name: REST, lines: lines.filter(({ label }) => !placed.has(label)) },
  ];
}

const OWN_WORDS = "in the agent's own words: ";

/** How long the command is. */
export function lengthIn(lines: readonly Line[]): string {
  return lines.find(({ label }) => label === "length")?.value ?? "";
}

/** The reason that was given, if one was. */
export function reasonIn(lines: readonly Line[]): string | undefined {
  const reason = lines.find(({ label }) => label === "reason")?.value;
  return reason?.startsWith(OWN_WORDS) ? reason.slice(OWN_WORDS.length) : reason;
}
