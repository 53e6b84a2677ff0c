/**
 * Prints what is logged; much that comes close together, in one go, which takes half as long as one by one.
 *
 * An item is printed at once unless another was a moment ago: whoever looks on sees no delay, and a crowd that
 * comes and goes costs few writes.
 *
 * @module
 */
import type { Ports } from "./runtime.ts";

/** Where items go. */
export interface Printer<Item> {
  readonly print: (item: Item) => void;
  /** Prints at once what waits. */
  readonly flush: () => void;
}

/** What a printer needs from the world. */
export interface PrinterPorts<Item> extends Pick<Ports, "schedule"> {
  /** Writes items, in this order. */
  readonly write: (items: readonly Item[]) => void;
}

/** A printer on which nothing was printed yet. */
export function createPrinter<Item>({ write, schedule }: PrinterPorts<Item>): Printer<Item> {
  let waiting: Item[] = [];
  let isPausing = false;

  function print(item: Item): void {
    waiting.push(item);
    if (waiting.length >= WAITING_MAX) flush();
    if (!isPausing) pause();
  }

  function pause(): void {
    isPausing = waiting.length > 0;
    if (isPausing) schedule(pause, PAUSE_MS);
    flush();
  }

  function flush(): void {
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    write(items);
  }

  return { print, flush };
}

/** Between two writes, in ms: too short for anybody to notice. */
const PAUSE_MS = 10;

/** So many items wait at most; one has a few hundred bytes. */
const WAITING_MAX = 256;
