/**
 * Virtual time: what is to happen when, in a binary heap. What is due at the same instant happens in the
 * order in which it was noted, so a run depends on nothing but its seed.
 *
 * @module
 */

interface Entry {
  readonly at: number;
  readonly serial: number;
  readonly run: () => void;
}

/** What is to happen, and what time it is: milliseconds since the run began. */
export class Agenda {
  #now = 0;
  #serial = 0;
  readonly #heap: Entry[] = [];

  /** The instant of what happens now. */
  get now(): number {
    return this.#now;
  }

  /** Notes something for an instant; one that is over means now. */
  at(instant: number, run: () => void): void {
    const entry = { at: Math.max(instant, this.#now), serial: this.#serial++, run };
    const heap = this.#heap;
    let place = heap.length;
    for (;;) {
      const parent = (place - 1) >> 1;
      const above = place === 0 ? undefined : heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
  }

  /** Notes something for `delayMs` from now. */
  after(delayMs: number, run: () => void): void {
    this.at(this.#now + delayMs, run);
  }

  /** Lets everything happen that is due until then, the last instant included. */
  runUntil(instant: number): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.at > instant) break;
      this.#dropFirst();
      this.#now = first.at;
      first.run();
    }
    this.#now = Math.max(this.#now, instant);
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      let child = heap[left];
      if (child === undefined) break;
      let next = left;
      const right = heap[left + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        next = left + 1;
      }
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = next;
    }
    heap[place] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.serial < b.serial);
}
