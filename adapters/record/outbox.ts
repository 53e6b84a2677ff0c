/**
 * A queue of what a recording must write: lines as UTF-8 in large reused buffers, and the beginnings of new files.
 *
 * Encoding into an existing buffer costs a tenth of a new buffer per line. The buffers are large because the end of a
 * write is noticed only in a later turn of the event loop: the busier the server, the more each write must take.
 *
 * @module
 */
import type { Preamble } from "./snapshot.ts";

export type Job =
  /** Begin a new file with these bytes, followed by those that `rest` generates. */
  | { readonly kind: "begin"; readonly bytes: Uint8Array; readonly rest: Preamble | null }
  /** Append these bytes. `spent` is the buffer that is free afterwards, if any. */
  | { readonly kind: "append"; readonly bytes: Uint8Array; readonly spent: Buffer | null };

type Buffer = Uint8Array<ArrayBuffer>;

export class Outbox {
  readonly #encoder = new TextEncoder();
  readonly #jobs: Job[] = [];
  readonly #spare: Buffer[] = [];
  #buffer: Buffer = new Uint8Array(BUFFER_BYTES);
  /** The bytes of `#buffer` from here to `#used` belong to no job yet. */
  #from = 0;
  #used = 0;
  #bytes = 0;

  /** The bytes that wait, including those of the current write. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `take` returns a job. Bytes that are not sealed do not count. */
  get hasJob(): boolean {
    return this.#jobs.length > 0;
  }

  /**
   * Begins a new file after everything added so far. Generates the first piece of the preamble now, the others when
   * they are written, so that these take no memory in the queue.
   */
  begin(preamble: Preamble): { readonly bytes: number; readonly isWhole: boolean } {
    const { value, done = false } = preamble.next();
    const bytes = this.#encoder.encode(value);
    this.seal();
    this.#push({ kind: "begin", bytes, rest: done ? null : preamble });
    this.#bytes += bytes.length;
    return { bytes: bytes.length, isWhole: done };
  }

  /** Adds a line. `head` and `tail` are ASCII. Returns its number of bytes. */
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

  /** Makes a job of the bytes added since the last call. */
  seal(spent: Buffer | null = null): void {
    if (this.#from === this.#used) return;
    const bytes = this.#buffer.subarray(this.#from, this.#used);
    this.#from = this.#used;
    this.#push({ kind: "append", bytes, spent });
  }

  /** Returns the next job. The caller passes it to `done` afterwards. */
  take(): Job | undefined {
    return this.#jobs.shift();
  }

  /** Frees the bytes of a job. */
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

  /** Copies short ASCII. A call of the encoder costs as much as some hundred characters. */
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

  /** Switches to another buffer. Jobs are done in order, so the last job of a buffer frees it. */
  #nextBuffer(): void {
    this.seal(this.#buffer);
    this.#buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
    this.#from = this.#used = 0;
  }
}

const BUFFER_BYTES = 4_194_304;

/** The most bytes per UTF-16 code unit. */
const UTF8_MAX = 3;

/** How many free buffers are kept. A disk that keeps up needs no more. */
const SPARE_MAX = 2;
