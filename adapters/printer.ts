/**
 * Prints lines; many that come close together, in one write, because to write takes longer than to make a line.
 *
 * A line is printed at once unless another was a moment ago: whoever looks on sees no delay, and a crowd that
 * comes and goes costs few writes.
 *
 * @module
 */
import type { Ports } from "./runtime.ts";

/** Where lines go. */
export interface Printer {
  readonly print: (line: string) => void;
  /** Prints at once what waits. */
  readonly flush: () => void;
}

/** What a printer needs from the world. */
export interface PrinterPorts extends Pick<Ports, "schedule"> {
  /** Writes lines, with a line feed between two of them and none at the end. */
  readonly write: (lines: string) => void;
}

/** A printer on which nothing was printed yet. */
export function createPrinter({ write, schedule }: PrinterPorts): Printer {
  let waiting: string[] = [];
  let isPausing = false;

  function print(line: string): void {
    waiting.push(line);
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
    const lines = waiting.join("\n");
    waiting = [];
    write(lines);
  }

  return { print, flush };
}

/** Between two writes, in ms: too short for anybody to notice. */
const PAUSE_MS = 10;

/** So many lines wait at most; one has a few hundred bytes. */
const WAITING_MAX = 256;
