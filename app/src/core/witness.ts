// This phone as a witness of a host's audit log: it remembers what it was told of it, and notices when the
// log was cut or another one put in its place. Pure.

/** The newest entry of a log, or an older one: its number, and its hash. */
export interface Head {
  readonly count: number;
  readonly hash: string;
}

/** What is remembered of a log. */
export interface Witness {
  /** The highest entry that was heard of, and when the message was sent that told of it first. */
  readonly top?: Head & { readonly sentAtMs: number };
  /** The last entries that were heard of, by their numbers. */
  readonly known: readonly Head[];
}

/** `back`: the log is shorter than it was. `fork`: an entry is another than it was. */
export type Alarm = "back" | "fork";

export const NOTHING: Witness = { known: [] };

/** How many entries are remembered. */
export const MAX_KNOWN = 300;

/**
 * A host reads its log and its clock one after the other, and sends what was sealed first last: a shorter
 * log counts only in a message that was sent this much later.
 */
export const SLACK_MS = 5_000;

/**
 * Hears of a log in a message; `older` is the entry that the host was asked for, if it has it. What is heard
 * with an alarm is what is remembered from then on.
 */
export function hearHead(
  witness: Witness,
  head: Head,
  sentAtMs: number,
  older?: Head,
): { witness: Witness; alarm?: Alarm } {
  const afresh: Witness = { top: { ...head, sentAtMs }, known: [head] };
  const { top, known } = witness;
  if (contradicts(known, head) || (older !== undefined && contradicts(known, older))) {
    return { witness: afresh, alarm: "fork" };
  }
  if (top === undefined || head.count > top.count) {
    return { witness: { top: { ...head, sentAtMs }, known: add(known, head) } };
  }
  if (head.count < top.count && sentAtMs > top.sentAtMs + SLACK_MS) {
    return { witness: afresh, alarm: "back" };
  }
  const earliest = head.count === top.count ? Math.min(top.sentAtMs, sentAtMs) : top.sentAtMs;
  return { witness: { top: { ...top, sentAtMs: earliest }, known: add(known, head) } };
}

function contradicts(known: readonly Head[], head: Head): boolean {
  return known.some(({ count, hash }) => count === head.count && hash !== head.hash);
}

function add(known: readonly Head[], head: Head): readonly Head[] {
  if (known.some(({ count }) => count === head.count)) return known;
  return [...known, head].sort((one, other) => one.count - other.count).slice(-MAX_KNOWN);
}
