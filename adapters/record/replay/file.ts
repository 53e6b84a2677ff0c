/**
 * Reads a file line by line, because a recording can be larger than memory.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import { escape } from "../../../core/mod.ts";

/** A fault of the arguments, the file or the output. The message is for people. */
export class ReplayError extends Error {}

/** A line without its line break. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** `null` if the bytes are not UTF-8 or too many for a string. */
  readonly text: string | null;
  /** Whether it ends with a line break. The last line of a killed process does not. */
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

/** Reads the lines of one file. */
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
   * Returns the next line; `null` at the end. Complains about a truncated last line, and does not return it.
   *
   * @throws {ReplayError} If the file cannot be read.
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
