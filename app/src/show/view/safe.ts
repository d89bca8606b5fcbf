// Shows bytes safely, and remembers what was noticed in which field.

import { utf8 } from "../../seal/bytes.ts";
import { type Mark, type Shown, text, word, words } from "../display.ts";
import { MARKS } from "../unicode.ts";

export class Safe {
  private readonly noticed = new Map<string, Set<Mark>>();

  /** Something behind which text of ours may follow: quoted where it is not plain. */
  word(field: string, bytes: Uint8Array | string): string {
    return this.keep(field, word(bytesOf(bytes)));
  }

  words(field: string, argv: readonly Uint8Array[]): string {
    return this.keep(field, words(argv));
  }

  /** Free text, for the end of a line only. */
  text(field: string, bytes: Uint8Array | string): string {
    return this.keep(field, text(bytesOf(bytes)));
  }

  /** One line for each field in which something was noticed. */
  warnings(): string[] {
    return Array.from(this.noticed, ([field, seen]) => {
      const marks = MARKS.filter((mark) => seen.has(mark));
      return `Look closely at ${field}: ${marks.join(", ")}.`;
    });
  }

  private keep(field: string, shown: Shown): string {
    if (shown.marks.length > 0) {
      const seen = this.noticed.get(field) ?? new Set();
      for (const mark of shown.marks) seen.add(mark);
      this.noticed.set(field, seen);
    }
    return shown.text;
  }
}

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === "string" ? utf8(value) : value;
}
