// Envelopes on their way: put in at one end, taken out at the other.

import type { Bytes } from "../src/seal/index.ts";

export class Stream implements AsyncIterable<Bytes> {
  private readonly queue: Bytes[] = [];
  private over: { readonly error?: Error } | undefined;
  private wake: (() => void) | undefined;

  push(bytes: Bytes): void {
    this.queue.push(bytes);
    this.wake?.();
  }

  end(): void {
    this.over ??= {};
    this.wake?.();
  }

  /** Breaks off: what was on its way is lost. */
  fail(error: Error): void {
    this.queue.length = 0;
    this.over ??= { error };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes, void, undefined> {
    for (;;) {
      const next = this.queue.shift();
      if (next !== undefined) yield next;
      else if (this.over?.error !== undefined) throw this.over.error;
      else if (this.over !== undefined) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
