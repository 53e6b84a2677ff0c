/**
 * The lines of a file, one after the other: a recording is bigger than memory.
 *
 * @module
 */

import { messageOf } from "../../errors.ts";
import { escape } from "../../../core/mod.ts";

/** The arguments, the file or the output are not what they must be; the message is for people. */
export class ReplayError extends Error {}

/** A line, without its break. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** `null` where its bytes are not UTF-8, or too many for a string. */
  readonly text: string | null;
  /** It ends with a line break; the last line of a process that was killed does not. */
  readonly isWhole: boolean;
}

/** Splits chunks of bytes into lines. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let number = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_BREAK); to >= 0; to = chunk.indexOf(LINE_BREAK, from)) {
      parts.push(chunk.subarray(from, to));
      yield { number: ++number, text: textOf(parts), isWhole: true };
      parts = [];
      from = to + 1;
    }
    if (from < chunk.length) parts.push(chunk.slice(from));
  }
  if (parts.length > 0) yield { number: ++number, text: textOf(parts), isWhole: false };
}

/** A file of which one line after the other is read. */
export class LineReader {
  readonly #file: string;
  readonly #complain: (line: string) => void;
  readonly #lines: AsyncGenerator<Line>;

  constructor(
    file: string,
    chunks: AsyncIterable<Uint8Array>,
    complain: (line: string) => void,
  ) {
    this.#file = file;
    this.#complain = complain;
    this.#lines = linesOf(chunks);
  }

  /**
   * The next line; `null` at the end, which may be in the middle of one.
   *
   * @throws {ReplayError} Where the file cannot be read.
   */
  async next(): Promise<Line | null> {
    let next: IteratorResult<Line>;
    try {
      next = await this.#lines.next();
    } catch (error) {
      throw cannotRead(this.#file, error);
    }
    if (next.done === true) return null;
    if (next.value.isWhole) return next.value;
    this.#complain(`Line ${next.value.number} is cut off: the recording ends before it.`);
    return null;
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

/** Says why a file cannot be read. */
export function cannotRead(file: string, why: unknown): ReplayError {
  return new ReplayError(`Cannot read "${escape(file)}": ${escape(messageOf(why))}.`);
}

const LINE_BREAK = 10;

function textOf(parts: readonly Uint8Array[]): string | null {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    let text = "";
    for (const part of parts) text += decoder.decode(part, { stream: true });
    return text + decoder.decode();
  } catch {
    return null;
  }
}
