/**
 * The deadlines of the mutable twin: a binary heap in which every entry knows its place, so that one can be
 * taken out from anywhere. Of two that are due at once the lower connection comes first.
 *
 * @module
 */
import type { ConnId, Millis } from "../../core/mod.ts";

/** What has a deadline: `place` is the heap's to write, the rest is not to change while it is in there. */
export interface Due {
  at: Millis;
  readonly conn: ConnId;
  place: number;
}

/** Puts an entry in. */
export function heapAdd<T extends Due>(heap: T[], entry: T): void {
  entry.place = heap.length;
  heap.push(entry);
  rise(heap, entry);
}

/** Takes out an entry that is in there. */
export function heapRemove<T extends Due>(heap: T[], entry: T): void {
  const last = heap.pop();
  if (last === undefined || last === entry) return;
  last.place = entry.place;
  heap[last.place] = last;
  rise(heap, last);
  sink(heap, last);
}

/** Moves an entry that is in there to a later instant. */
export function heapDelay<T extends Due>(heap: T[], entry: T, at: Millis): void {
  entry.at = at;
  sink(heap, entry);
}

function rise<T extends Due>(heap: T[], entry: T): void {
  while (entry.place > 0) {
    const place = (entry.place - 1) >> 1;
    const above = heap[place];
    if (above === undefined || isBefore(above, entry)) return;
    swap(heap, entry, above);
  }
}

function sink<T extends Due>(heap: T[], entry: T): void {
  for (;;) {
    const left = heap[2 * entry.place + 1];
    if (left === undefined) return;
    const right = heap[2 * entry.place + 2];
    const below = right !== undefined && isBefore(right, left) ? right : left;
    if (isBefore(entry, below)) return;
    swap(heap, below, entry);
  }
}

/** `lower` goes up, `upper` goes down. */
function swap<T extends Due>(heap: T[], lower: T, upper: T): void {
  const { place } = lower;
  lower.place = upper.place;
  upper.place = place;
  heap[lower.place] = lower;
  heap[place] = upper;
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.conn < b.conn);
}
