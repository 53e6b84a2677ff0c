/**
 * Does what a recording has to do on the disk, one write at a time.
 *
 * What a file begins with can be long: each piece is made when the one before it is written, which a write to a
 * file tells in a later turn of the loop, so nobody waits for more than one piece.
 *
 * @module
 */
import type { Sink } from "./disk.ts";
import type { Job } from "./outbox.ts";

/** Writes one recording. */
export class Writer {
  readonly #path: string;
  readonly #beginFile: (path: string) => Promise<Sink>;
  readonly #encoder = new TextEncoder();
  #sink: Sink | null = null;

  /** @param beginFile Begins a file at a path; rejects where it cannot. */
  constructor(path: string, beginFile: (path: string) => Promise<Sink>) {
    this.#path = path;
    this.#beginFile = beginFile;
  }

  /** Does a job; rejects where it cannot. The number of bytes that it wrote. */
  async do(job: Job): Promise<number> {
    if (job.kind === "begin") return await this.#begin(job);
    await this.#sink?.write(job.bytes);
    return job.bytes.length;
  }

  /** Ends the file. */
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
      await sink.discard().catch(() => {}); // The first error says more.
      throw error;
    }
    this.#sink = sink;
    return written;
  }
}
