/**
 * What a recording still has to write, in order: lines as UTF-8 in large buffers that are used again, and
 * the places where a new file begins.
 *
 * Encoding into a buffer that is there already costs a tenth of what a buffer for each line would.
 *
 * @module
 */

/** What is to be done next. */
export type Job =
  /** Begin a new file with these bytes. */
  | { readonly kind: "begin"; readonly bytes: Uint8Array }
  | Append;

/** Write these bytes at the end of the file. */
interface Append {
  readonly kind: "append";
  readonly bytes: Uint8Array;
  /** The buffer that has nothing more in it then; `null` where there is more. */
  readonly spent: Buffer | null;
}

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

  /** Begins a new file after all that was added so far. */
  begin(bytes: Uint8Array): void {
    this.seal();
    this.#push({ kind: "begin", bytes });
    this.#bytes += bytes.length;
  }

  /** Encodes a line, which begins and ends with ASCII; the number of bytes that it takes. */
  add(head: string, text: string, tail: string): number {
    const most = (head.length + text.length + tail.length) * UTF8_MAX;
    if (most > BUFFER_BYTES) return this.#addLarge(head + text + tail);
    if (this.#used + most > BUFFER_BYTES) this.#turn();
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

  /**
   * The next job, to be told `done` when it is. Lines that wait in several buffers are one job: a write ends
   * only when the loop has time to hear of it, so the busier the server, the more each one has to take.
   */
  take(): Job | undefined {
    const first = this.#jobs.shift();
    const next = this.#jobs[0];
    if (first?.kind !== "append" || next?.kind !== "append") return first;
    const parts = [first];
    let length = first.bytes.length;
    for (let job = this.#jobs[0]; job?.kind === "append"; job = this.#jobs[0]) {
      if (length + job.bytes.length > JOINED_MAX_BYTES) break;
      length += job.bytes.length;
      parts.push(job);
      this.#jobs.shift();
    }
    return { kind: "append", bytes: this.#joined(parts, length), spent: null };
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

  #joined(parts: readonly Append[], length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part.bytes, at);
      at += part.bytes.length;
      this.#giveBack(part.spent);
    }
    return bytes;
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
  #turn(): void {
    this.seal(this.#buffer);
    this.#buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES);
    this.#from = this.#used = 0;
  }
}

const BUFFER_BYTES = 1_048_576;

/** How much one write has to take at most, where lines of several buffers wait. */
const JOINED_MAX_BYTES = 8_388_608;

/** How many bytes one UTF-16 unit can take. */
const UTF8_MAX = 3;

/** How many buffers are kept for later: a disk that keeps up needs no more. */
const SPARE_MAX = 4;
