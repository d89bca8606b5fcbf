// All that screens show of what somebody else chose passes here, and on to `show`.

import { utf8 } from "../seal/bytes.ts";
import type { Item } from "../core/types.ts";
import {
  type Changeable,
  code,
  facts,
  type Line,
  readRequest,
  text,
  Unreadable,
  view,
  word,
} from "../show/index.ts";

export type { Changeable, Line };

/** A request, ready to be shown: single lines in which everything can be seen. */
export interface ShownRequest {
  /** Its name for people, by its digest. */
  readonly code: string;
  /** Who asks to do what, as whom, where; without the name. */
  readonly title: string;
  readonly warnings: readonly string[];
  /** How it runs, in parentheses; empty when there is nothing to say. */
  readonly remark: string;
  readonly words: readonly string[];
  /** All of it in one line. */
  readonly command: string;
  readonly lines: readonly Line[];
  readonly changeable: readonly Changeable[];
  readonly host: string;
  readonly requester: string;
  /** Claimed. */
  readonly agents: readonly string[];
}

/** The bytes are not what a request looks like. */
export interface UnreadableRequest {
  readonly why: string;
}

/** Reading is dear for long requests, and lists show many: those that were shown last are kept. */
const MOST_KEPT = 600;
const kept = new Map<string, ShownRequest | UnreadableRequest>();

/** What is shown of an item. Its frozen bytes alone count, and the digest that the core made of them. */
export function shownRequest(item: Item): ShownRequest | UnreadableRequest {
  const known = kept.get(item.request);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const read = readItem(item);
  kept.set(item.request, read);
  return read;
}

/** Something of one word or a few, such as a name. */
export function safeWord(given: string): string {
  return word(utf8(given)).text;
}

/** Free text, at the end of a line. */
export function safeText(given: string): string {
  return text(utf8(given)).text;
}

/** A file's text, line by line. */
export function safeLines(given: string): string[] {
  return given.split("\n").map(safeText);
}

/** How many letters of the digest name a request, unless its host says more. */
const CODE_LETTERS = 4;
const MOST_CODE_LETTERS = 12;

function readItem(item: Item): ShownRequest | UnreadableRequest {
  const letters = Math.min(Math.max(item.code.length, CODE_LETTERS), MOST_CODE_LETTERS);
  const name = code(item.digest, letters);
  try {
    const request = readRequest(item.request);
    const placed = facts(request);
    const { title, warnings, remark, words, command, lines } = view(request, {
      code: name,
      digest: item.digest,
      remainingMs: undefined,
    });
    return {
      code: name,
      title: title.replace(`Request ${name}: `, ""),
      warnings,
      remark,
      words,
      command,
      // How long it still waits is told by a countdown.
      lines: lines.filter(({ label }) => label !== "answer"),
      changeable: placed.changeable,
      host: placed.hostName,
      requester: word(request.requester.name).text,
      agents: request.agents.map(safeWord),
    };
  } catch (error) {
    if (error instanceof Unreadable) return { why: safeText(error.message) };
    throw error;
  }
}
