// One request as a person reads it: the twin of aisudo-core's `render`. Every byte that somebody else chose
// passes `display`, and what it noticed becomes a warning that names the field. Nothing is shortened.

import type { Request } from "./request.ts";
import { argvOf, joined, remarkOf, titleOf } from "./view/command.ts";
import { type Label, type Line, linesOf } from "./view/fields.ts";
import { Safe } from "./view/safe.ts";
import { warningsOf } from "./view/warnings.ts";

export type { Label, Line };

/** A request, ready to be shown. All of it is safe: single lines in which everything can be seen. */
export interface View {
  /** Who asks to do what, as whom, where. */
  readonly title: string;
  /** What deserves a second look. To be shown before the command. */
  readonly warnings: readonly string[];
  /** The remark and the words, in one line. */
  readonly command: string;
  /** In parentheses; empty when there is none. */
  readonly remark: string;
  /** The words of the command, whole, each as it stands in it. */
  readonly words: readonly string[];
  /** The rest, in order. */
  readonly lines: readonly Line[];
}

export function view(request: Request, label: Label): View {
  const safe = new Safe();
  // What is noticed is told in the order in which it was noticed: that of Rust.
  const title = titleOf(request, label.code, safe);
  const remark = remarkOf(request.call);
  const words = argvOf(request).map((word) => safe.word("the command", word));
  const lines = linesOf(request, label, safe);
  const warnings = [...warningsOf(request, safe)];
  return {
    title,
    warnings: [...warnings, ...safe.warnings()],
    command: joined(remark, words),
    remark,
    words,
    lines,
  };
}
