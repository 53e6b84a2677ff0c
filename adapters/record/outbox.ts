/**
 * A queue of what a recording must write: lines as UTF-8 in large reused buffers, and the beginnings of new files.
 *
 * Encoding into an existing buffer costs a tenth of a new buffer per line. The buffers are large because the end of a
 * write is noticed only in a later turn of the event loop: the busier the server, the more each write must take. While
 * the disk keeps up, a buffer is written at half a MiB and used again from its start, so that encoding and writing find
 * it in the cache of the processor. A worker would not help: to post a text of 2 KB to one takes five times as long as
 * to encode and digest it here.
 *
 * @module
 */
import { type FrameHead, frameLine } from "./format.ts";
import { FRAME_MORE_MAX_BYTES, putFrameHead, putFrameTail } from "./frame_head.ts";
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

  /** Whether so many bytes belong to no job yet that a write of them costs little for each. */
  get isWorthAWrite(): boolean {
    return this.#used - this.#from >= WORTH_BYTES;
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

  /** Adds a line that embeds the text of a frame. Returns its number of bytes. */
  addFrame(head: FrameHead, text: string): number {
    const most = text.length * UTF8_MAX + FRAME_MORE_MAX_BYTES;
    if (most > BUFFER_BYTES) return this.#addLarge(frameLine(head, text));
    const before = this.#placeFor(most);
    this.#used = putFrameHead(this.#buffer, before, head);
    this.#encode(text);
    this.#used = putFrameTail(this.#buffer, this.#used);
    return this.#count(this.#used - before);
  }

  /** Adds a line. Returns its number of bytes. */
  addLine(line: string): number {
    const most = line.length * UTF8_MAX;
    if (most > BUFFER_BYTES) return this.#addLarge(line);
    const before = this.#placeFor(most);
    this.#encode(line);
    return this.#count(this.#used - before);
  }

  /** Makes a job of the bytes added since the last call. */
  seal(spent: Buffer | null = null): void {
    if (this.#from === this.#used) return;
    const bytes = this.#buffer.subarray(this.#from, this.#used);
    this.#from = this.#used;
    this.#push({ kind: "append", bytes, spent });
  }

  /** Seals, and goes on in another buffer. Jobs are done in order, so the last job of a buffer frees it. */
  handOver(): void {
    this.seal(this.#buffer);
    this.#buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
    this.#from = this.#used = 0;
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

  /** Makes room for so many bytes in the buffer; returns where they begin. */
  #placeFor(bytes: number): number {
    if (this.#used + bytes > BUFFER_BYTES) this.handOver();
    return this.#used;
  }

  #encode(text: string): void {
    const place = this.#buffer.subarray(this.#used);
    this.#used += this.#encoder.encodeInto(text, place).written;
  }

  #count(added: number): number {
    this.#bytes += added;
    return added;
  }

  #giveBack(spent: Buffer | null): void {
    if (spent !== null && this.#spare.length < SPARE_MAX) this.#spare.push(spent);
  }

  #addLarge(line: string): number {
    this.seal();
    const bytes = this.#encoder.encode(line);
    this.#push({ kind: "append", bytes, spent: null });
    return this.#count(bytes.length);
  }
}

const BUFFER_BYTES = 4_194_304;

/** A write takes tens of microseconds besides its bytes: of a message of 2 KB a tenth of one. */
const WORTH_BYTES = 524_288;

/** The most bytes per UTF-16 code unit. */
export const UTF8_MAX = 3;

/** How many free buffers are kept. A disk that keeps up needs no more. */
const SPARE_MAX = 2;
