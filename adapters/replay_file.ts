/**
 * The lines of a file, one after the other: a recording is bigger than memory.
 *
 * @module
 */

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
