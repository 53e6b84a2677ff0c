/**
 * What a recording still has to write, in order: lines as UTF-8 in large buffers that are used again, and
 * the places where a new file begins.
 *
 * Encoding into a buffer that is there already costs a tenth of what a buffer for each line would. A buffer
 * is large because a write ends only when the loop has time to markAlive of it: the busier the server, the more
 * each one has to take.
 *
 * @module
 */

import type { Preamble } from "./snapshot.ts";

/** What is to be done next. */
export type Job =
  /** Begin a new file with these bytes, and with those that `rest` makes, where there are more. */
  | { readonly kind: "begin"; readonly bytes: Uint8Array; readonly rest: Preamble | null }
  /** Write these bytes at the end of the file; `spent` is the buffer that has nothing more in it then. */
  | { readonly kind: "append"; readonly bytes: Uint8Array; readonly spent: Buffer | null };

/** A buffer, to be given back when the job that spends it is done. */
type Buffer = Uint8Array<ArrayBuffer>;

/** A queue of jobs. */
export class Outbox {
  readonly #encoder = new TextEncoder();
  readonly #jobs: Job[] = [];
  readonly #spare: Buffer[] = [];
  #buffer: Buffer = new Uint8Array(BUFFER_BYTES);
  /** What the buffer has from here to `#used` is in no job yet. */
  #from = 0;
  #used = 0;
  #bytes = 0;

  /** How many bytes wait, those included that are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is a job to be done without another `seal`. */
  get hasJob(): boolean {
    return this.#jobs.length > 0;
  }

  /**
   * Begins a new file after all that was added so far. The first piece of its preamble is made at once; the others
   * when they are written, so that they never wait.
   */
  begin(preamble: Preamble): { readonly bytes: number; readonly isWhole: boolean } {
    const { value, done = false } = preamble.next();
    const bytes = this.#encoder.encode(value);
    this.seal();
    this.#push({ kind: "begin", bytes, rest: done ? null : preamble });
    this.#bytes += bytes.length;
    return { bytes: bytes.length, isWhole: done };
  }

  /** Encodes a line, which begins and ends with ASCII; the number of bytes that it takes. */
  add(head: string, text: string, tail: string): number {
    const most = (head.length + text.length + tail.length) * UTF8_MAX;
    if (most > BUFFER_BYTES) return this.#addLarge(head + text + tail);
    if (this.#used + most > BUFFER_BYTES) this.#nextBuffer();
    const before = this.#used;
    this.#copy(head);
    const place = this.#buffer.subarray(this.#used);
    this.#used += this.#encoder.encodeInto(text, place).written;
    this.#copy(tail);
    const added = this.#used - before;
    this.#bytes += added;
    return added;
  }

  /** Makes a job of what was added since the last time. */
  seal(spent: Buffer | null = null): void {
    if (this.#from === this.#used) return;
    const bytes = this.#buffer.subarray(this.#from, this.#used);
    this.#from = this.#used;
    this.#push({ kind: "append", bytes, spent });
  }

  /** The next job, to be told `done` when it is. */
  take(): Job | undefined {
    return this.#jobs.shift();
  }

  /** The bytes of a job are no longer needed. */
  done(job: Job): void {
    this.#bytes -= job.bytes.length;
    if (job.kind === "append") this.#giveBack(job.spent);
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#jobs.length = 0;
    this.#from = this.#used;
    this.#bytes = 0;
  }

  #push(job: Job): void {
    this.#jobs.push(job);
  }

  /** The price of a call to the encoder is that of some hundred characters. */
  #copy(ascii: string): void {
    for (let i = 0; i < ascii.length; i++) this.#buffer[this.#used + i] = ascii.charCodeAt(i);
    this.#used += ascii.length;
  }

  #giveBack(spent: Buffer | null): void {
    if (spent !== null && this.#spare.length < SPARE_MAX) this.#spare.push(spent);
  }

  #addLarge(line: string): number {
    this.seal();
    const bytes = this.#encoder.encode(line);
    this.#push({ kind: "append", bytes, spent: null });
    this.#bytes += bytes.length;
    return bytes.length;
  }

  /** Goes on with another buffer. Jobs are done in order, so the last one of a buffer spends it. */
  #nextBuffer(): void {
    this.seal(this.#buffer);
    this.#buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
    this.#from = this.#used = 0;
  }
}

const BUFFER_BYTES = 4_194_304;

/** How many bytes one UTF-16 unit can take. */
const UTF8_MAX = 3;

/** How many buffers are kept for later: a disk that keeps up needs no more. */
const SPARE_MAX = 2;
