/**
 * Does the jobs of a recording on the disk, one write at a time.
 *
 * A write ends in a later turn of the event loop. So a long preamble, whose pieces are generated between writes,
 * blocks the loop for one piece at most.
 *
 * @module
 */
import type { Sink } from "./disk.ts";
import type { Job } from "./outbox.ts";

/** Writes the files of one recording. */
export class Writer {
  readonly #path: string;
  readonly #beginFile: (path: string) => Promise<Sink>;
  readonly #encoder = new TextEncoder();
  #sink: Sink | null = null;

  /** @param beginFile Creates a file at a path. Rejects if that fails. */
  constructor(path: string, beginFile: (path: string) => Promise<Sink>) {
    this.#path = path;
    this.#beginFile = beginFile;
  }

  /** Does a job, and settles with the number of bytes written. Rejects if the disk fails. */
  async do(job: Job): Promise<number> {
    if (job.kind === "begin") return await this.#begin(job);
    await this.#sink?.write(job.bytes);
    return job.bytes.length;
  }

  /** Closes the current file, if any. */
  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = null;
    await sink?.close();
  }

  async #begin({ bytes, rest }: Extract<Job, { kind: "begin" }>): Promise<number> {
    await this.close();
    const sink = await this.#beginFile(this.#path);
    let written = bytes.length;
    try {
      await sink.write(bytes);
      for (let isWhole = rest === null; rest !== null && !isWhole;) {
        const { value, done = false } = rest.next();
        const piece = this.#encoder.encode(value);
        await sink.write(piece);
        written += piece.length;
        isWhole = done;
      }
    } catch (error) {
      await sink.discard().catch(() => {}); // The first error is more useful.
      throw error;
    }
    this.#sink = sink;
    return written;
  }
}
