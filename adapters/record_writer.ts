/**
 * Does what a recording has to do on the disk, one write at a time.
 *
 * What a file begins with can be long: its pieces are made one a turn of the loop, so that nobody waits for it.
 *
 * @module
 */
import type { Sink } from "./record_disk.ts";
import type { Job } from "./record_outbox.ts";

/** What a writer needs. */
export interface WriterOptions {
  readonly path: string;
  /** Begins a file at a path; rejects where it cannot. */
  readonly beginFile: (path: string) => Promise<Sink>;
  /** Calls back once, `delayMs` from now or a little later; returns what cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
}

/** Writes one recording. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #encoder = new TextEncoder();
  #sink: Sink | null = null;
  #isHurried = false;
  #endTurn: (() => void) | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Does a job; rejects where it cannot. The number of bytes that it wrote. */
  async do(job: Job): Promise<number> {
    if (job.kind === "begin") return await this.#begin(job);
    await this.#sink?.write(job.bytes);
    return job.bytes.length;
  }

  /** Waits for no turn of the loop any more: the process is about to end. */
  hurry(): void {
    this.#isHurried = true;
    this.#endTurn?.();
  }

  /** Ends the file. */
  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = null;
    await sink?.close();
  }

  async #begin({ bytes, rest }: Extract<Job, { kind: "begin" }>): Promise<number> {
    await this.close();
    const sink = await this.#options.beginFile(this.#options.path);
    let written = bytes.length;
    try {
      await sink.write(bytes);
      for (let isWhole = rest === null; rest !== null && !isWhole;) {
        await this.#turn();
        const { value, done = false } = rest.next();
        const piece = this.#encoder.encode(value);
        await sink.write(piece);
        written += piece.length;
        isWhole = done;
      }
    } catch (error) {
      await sink.discard().catch(() => {}); // The first error says more.
      throw error;
    }
    this.#sink = sink;
    return written;
  }

  /** A write alone can end in the turn in which it began. */
  async #turn(): Promise<void> {
    if (this.#isHurried) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.schedule(resolve, 0);
    this.#endTurn = () => {
      cancel();
      resolve();
    };
    await promise;
    this.#endTurn = null;
  }
}
