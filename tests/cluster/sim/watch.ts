/**
 * What happened in a fleet: a digest of all of it, counts, and the last steps for the report of a failure.
 *
 * @module
 */
import { instant } from "../../sim/watch.ts";

/** Something must not happen, and did. */
export class Broken extends Error {
  constructor(readonly rule: string, readonly at: number, readonly what: string) {
    super(`[${rule}] at ${instant(at)}: ${what}`);
  }
}

/** How many lines are kept. */
const KEPT = 20_000;

/** Everything that happened so far. */
export class Watch {
  readonly #ring: string[] = [];
  #hash = 0;
  #lines = 0;
  readonly counts: Record<string, number> = {};

  /** Two runs that differ anywhere have different digests. */
  get digest(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  get lines(): number {
    return this.#lines;
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** Something happened. */
  note(now: number, who: string, what: unknown): void {
    const line = `${now.toFixed(3)} ${who} ${JSON.stringify(what)}`;
    for (let i = 0; i < line.length; i++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193);
    }
    this.#ring[this.#lines++ % KEPT] = line;
  }

  /** The last lines in which one of some words stands. */
  about(words: readonly string[], count = 60): string[] {
    const at = this.#lines % KEPT;
    const inOrder = [...this.#ring.slice(at), ...this.#ring.slice(0, at)];
    return inOrder.filter((line) => words.some((word) => line.includes(word)))
      .slice(-count).map((line) => line.slice(0, 400));
  }
}
