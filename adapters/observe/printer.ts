/**
 * Prints lines without ever waiting for whoever reads them.
 *
 * Lines wait in a buffer, of which one asynchronous write at a time takes the first; where it fails, it is tried
 * again after a pause. A line that the buffer has no room for is lost. As soon as there is room again, one line
 * says how many were, in their place.
 *
 * A line is written at once unless another was a moment ago: whoever looks on sees no delay, and a crowd that
 * comes and goes costs few writes.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";

/** Where items go. Nothing here throws or waits. */
export interface Printer<Item> {
  readonly print: (item: Item) => void;
  /** Writes now what waits only for more to come. */
  readonly flush: () => void;
  /** Tries at once to write all that waits; settles when it is written, which may be never. */
  readonly drained: () => Promise<void>;
}

/** What a printer needs from the world. */
export interface PrinterPorts<Item> extends Pick<Ports, "schedule"> {
  /** An item as a line, without its end. */
  readonly format: (item: Item) => string;
  /** The line that says how many were lost. */
  readonly lostLine: (count: number) => string;
  /** Writes the first of these bytes, or more; settles with how many. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
}

/** A printer on which nothing was printed yet. */
export function createPrinter<Item>(ports: PrinterPorts<Item>): Printer<Item> {
  const backlog = new Backlog(ports);
  let work: Promise<void> | null = null;
  let pauseMs = PAUSE_MS;
  let writeMax = Infinity;
  let isDraining = false;
  let endPause = (): void => {};

  function print(item: Item): void {
    backlog.add(item);
    work ??= writeAll();
  }

  async function writeAll(): Promise<void> {
    while (backlog.take()) {
      const isWritten = await writeSome();
      pauseMs = isWritten ? PAUSE_MS : Math.min(pauseMs * 2, RETRY_MAX_MS);
      if (!isWritten || !(backlog.hasMuch || isDraining)) await pause();
    }
    work = null;
  }

  async function writeSome(): Promise<boolean> {
    try {
      const count = await ports.write(firstLines(backlog.bytes, writeMax));
      backlog.written(count);
      return count > 0;
    } catch {
      writeMax = ATOMIC_BYTES;
      return false;
    }
  }

  async function pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = ports.schedule(resolve, isDraining ? PAUSE_MS : pauseMs);
    endPause = () => {
      cancel();
      resolve();
    };
    await promise;
  }

  function flush(): void {
    if (backlog.bytes.length === 0) endPause();
  }

  async function drained(): Promise<void> {
    isDraining = true;
    endPause();
    await work;
  }

  return { print, flush, drained };
}

/** What is not written yet: bytes of the lines that came first, then lines, then lines that were lost. */
class Backlog<Item> {
  readonly #ports: Pick<PrinterPorts<Item>, "format" | "lostLine">;
  readonly #encoder = new TextEncoder();
  #bytes: Uint8Array = new Uint8Array();
  #lines: string[] = [];
  #lost = 0;
  /** How many characters the bytes were made of. */
  #bytesSize = 0;
  #linesSize = 0;

  constructor(ports: Pick<PrinterPorts<Item>, "format" | "lostLine">) {
    this.#ports = ports;
  }

  /** What is to be written next. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether it is worth a write without waiting for more. */
  get hasMuch(): boolean {
    return this.#bytes.length > 0 || this.#linesSize >= BATCH_SIZE;
  }

  /** Keeps an item as a line, or counts it as lost; so are all others then, up to the next `take`. */
  add(item: Item): void {
    const line = this.#lost > 0 ? null : this.#ports.format(item);
    if (line === null || this.#bytesSize + this.#linesSize + line.length > WAITING_MAX) {
      this.#lost++;
    } else this.#keep(line);
  }

  /** Makes bytes of lines where there are none; `false` where nothing is left. */
  take(): boolean {
    if (this.#bytes.length > 0) return true;
    if (this.#lost > 0) this.#keep(this.#ports.lostLine(this.#lost));
    this.#lost = 0;
    if (this.#lines.length === 0) return false;
    let [count, size] = [0, 0];
    while (count < this.#lines.length && size < BATCH_SIZE) {
      size += this.#lines[count++]?.length ?? 0;
    }
    this.#bytes = this.#encoder.encode(`${this.#lines.slice(0, count).join("\n")}\n`);
    this.#bytesSize = size;
    this.#lines = this.#lines.slice(count);
    this.#linesSize -= size;
    return true;
  }

  /** The first bytes are written. */
  written(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    if (this.#bytes.length === 0) this.#bytesSize = 0;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#linesSize += line.length;
  }
}

/** As many whole lines as have at most `max` bytes, but at least one. */
function firstLines(bytes: Uint8Array, max: number): Uint8Array {
  if (bytes.length <= max) return bytes;
  const end = bytes.lastIndexOf(NEWLINE, max - 1);
  return bytes.subarray(0, (end >= 0 ? end : bytes.indexOf(NEWLINE)) + 1);
}

const NEWLINE = 10;

/** Between two writes, in ms: too short for anybody to notice. After one that failed it grows. */
const PAUSE_MS = 10;

/** The longest pause after a write that failed. */
const RETRY_MAX_MS = 1_000;

/** So many characters wait at most, those included that are being written. */
const WAITING_MAX = 1_048_576;

/** About so many characters are written at once. */
const BATCH_SIZE = 65_536;

/**
 * PIPE_BUF of Linux: so many bytes go into a full pipe as a whole or not at all. Of more a part can go before the
 * error, and Deno does not say how much: it is written again. That can happen once, for then this is the most.
 */
const ATOMIC_BYTES = 4_096;
