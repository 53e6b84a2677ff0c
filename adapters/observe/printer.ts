/**
 * Prints lines without blocking on their reader.
 *
 * Lines wait in a bounded buffer, and one asynchronous write at a time takes the first of them. A failed write is tried
 * again after a pause. A line that does not fit is lost; in the place of lost lines one line says how many there were.
 *
 * A line is written at once unless there was a write just before: a person sees no delay, and a crowd of clients causes
 * few writes.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";

/** A sink for items. `print` and `flush` neither throw nor block. */
export interface Printer<Item> {
  readonly print: (item: Item) => void;
  /** Writes the waiting lines now instead of collecting more. */
  readonly flush: () => void;
  /** Writes all waiting lines without pauses. Settles when they are written, which may be never. */
  readonly drained: () => Promise<void>;
}

/** What a printer needs from its surroundings. */
export interface PrinterPorts<Item> extends Pick<Ports, "schedule"> {
  /** Formats an item as a line, without a line break. */
  readonly format: (item: Item) => string;
  /** Formats the line that reports lost lines. */
  readonly lostLine: (count: number) => string;
  /** Writes some of the bytes, from the first. Settles with the number written. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
}

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

/** Unwritten output, in order: the encoded bytes of the oldest lines, then lines, then the count of lost lines. */
class Backlog<Item> {
  readonly #ports: Pick<PrinterPorts<Item>, "format" | "lostLine">;
  readonly #encoder = new TextEncoder();
  #bytes: Uint8Array = new Uint8Array();
  readonly #lines: string[] = [];
  #lost = 0;
  /** The characters in `#bytes` before encoding. */
  #bytesSize = 0;
  #linesSize = 0;

  constructor(ports: Pick<PrinterPorts<Item>, "format" | "lostLine">) {
    this.#ports = ports;
  }

  /** What the next write takes. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether there is enough for a write without collecting more. */
  get hasMuch(): boolean {
    return this.#bytes.length > 0 || this.#linesSize >= BATCH_SIZE;
  }

  /** Adds an item, or counts it as lost. After a lost item all others are lost too, up to the next `take`. */
  add(item: Item): void {
    const line = this.#lost > 0 ? null : this.#ports.format(item);
    if (line === null || this.#bytesSize + this.#linesSize + line.length > WAITING_MAX) {
      this.#lost++;
    } else this.#keep(line);
  }

  /** Encodes lines if there are no bytes. Returns `false` if nothing is left. */
  take(): boolean {
    if (this.#bytes.length > 0) return true;
    if (this.#lost > 0) this.#keep(this.#ports.lostLine(this.#lost));
    this.#lost = 0;
    if (this.#lines.length === 0) return false;
    let [count, size] = [0, 0];
    while (count < this.#lines.length && size < BATCH_SIZE) {
      size += this.#lines[count++]?.length ?? 0;
    }
    this.#bytes = this.#encoder.encode([...this.#lines.splice(0, count), ""].join("\n"));
    this.#bytesSize = size;
    this.#linesSize -= size;
    return true;
  }

  /** Removes the bytes that were written. */
  written(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
    if (this.#bytes.length === 0) this.#bytesSize = 0;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#linesSize += line.length;
  }
}

/** The first whole lines, of at most `max` bytes, but at least one line. */
function firstLines(bytes: Uint8Array, max: number): Uint8Array {
  if (bytes.length <= max) return bytes;
  const end = bytes.lastIndexOf(NEWLINE, max - 1);
  return bytes.subarray(0, (end >= 0 ? end : bytes.indexOf(NEWLINE)) + 1);
}

const NEWLINE = 10;

/** The pause after a write: too short to notice. It doubles with each failed write. */
const PAUSE_MS = 10;

/** The longest pause after a failed write. */
const RETRY_MAX_MS = 1_000;

/** The characters in the buffer, including those of the current write. */
const WAITING_MAX = 1_048_576;

/** The characters of one write, about. */
const BATCH_SIZE = 65_536;

/**
 * PIPE_BUF on Linux: a pipe takes a write of this size whole or not at all. Of a larger write a part can go out
 * before the error, and Deno does not say how much, so that part is printed twice. After the first error no write is
 * larger.
 */
const ATOMIC_BYTES = 4_096;
