/**
 * Text: its length in bytes, and its safe form in a sentence or a log line.
 *
 * @module
 */
import { must } from "../collections/must.ts";

/**
 * Whether `text` takes more than `maxBytes` bytes as UTF-8. Counts bytes only if the number of characters does not
 * decide it, so that a usual frame costs two comparisons.
 */
export function isLongerThan(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  return utf8Length(text) > maxBytes;
}

/** The length of `text` in bytes of UTF-8; a lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  // The usual case: the regular expression is three times as fast as the loop.
  if (!WIDE.test(text)) return bytes;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (isPairAt(text, i)) i++;
  }
  return bytes;
}

/** Describes a value in a sentence: an object or array by its kind, any other by its value. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return excerpt(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** Quotes the first `EXCERPT_MAX` characters of a text, and escapes unprintable ones. */
export function excerpt(text: string): string {
  const quoted = escape(JSON.stringify(text.slice(0, EXCERPT_MAX)));
  return text.length > EXCERPT_MAX ? `${quoted.slice(0, -1)}…"` : quoted;
}

/**
 * Escapes every character that could break, forge or colour a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { escape } from "./text.ts";
 *
 * assertEquals(escape("a\n"), "a\\u{a}");
 * ```
 */
export function escape(text: string): string {
  return PLAIN.test(text)
    ? text
    : text.replace(UNPRINTABLE, (unit) => `\\u{${must(unit.codePointAt(0)).toString(16)}}`);
}

/** A copy of a part of a text: V8 keeps the whole text in memory for a part of it. */
export function copyOf(text: string): string {
  return ` ${text}`.slice(1);
}

const EXCERPT_MAX = 40;
/** The usual case: matching it is faster than a replacement that finds nothing. */
const PLAIN = /^[ -~]*$/;
const WIDE = /[\u0080-\uffff]/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function isPairAt(text: string, i: number): boolean {
  const code = text.codePointAt(i);
  return code !== undefined && code > 0xffff;
}
