/**
 * Virtual time: what is to happen when. What is due at the same instant happens in the order in which it was noted, so
 * a run depends on nothing but its seed.
 */

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** What is to happen, and what time it is: milliseconds since the run began. */
export class Agenda {
  /** The instant of what happens now. */
  now = 0;
  /** The first to happen is the last. */
  readonly #entries: Entry[] = [];

  /** Notes something for an instant; one that is over means now. */
  at(instant: number, run: () => void): void {
    const at = Math.max(instant, this.now);
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, { at, run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run);
  }

  /** Lets everything happen that is due until then, the last instant included. */
  runUntil(instant: number): void {
    for (let next = this.#entries.at(-1); next !== undefined; next = this.#entries.at(-1)) {
      if (next.at > instant) break;
      this.#entries.pop();
      this.now = next.at;
      next.run();
    }
    this.now = Math.max(this.now, instant);
  }
}
