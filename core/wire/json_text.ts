/**
 * Finds the members of a JSON text without parsing it into a value.
 *
 * A relayed payload is not stringified again: that would cost as much as parsing it, and change the spelling of
 * numbers, escapes and repeated keys. V8 does not parse it either if a stranger could make that slow: V8 interns
 * short strings, and one can choose strings of digits with equal hashes, so that each is compared with all before
 * (measured: 700 µs per KB instead of 2 µs; `tests/core/collision_test.ts`). The scanner here creates no strings,
 * and takes 2 µs per KB for any text.
 *
 * @module
 */
import { isCompactJson } from "./compact_json.ts";

/** The members of a frame that the protocol knows. */
export type MemberName = "type" | "src" | "dst" | "payload";

/** The text of each member, without white space around it; of repeated members the last counts. */
export type Members<Name extends string = MemberName> = { readonly [Each in Name]?: string };

/** Parses a text with V8; `undefined` if it is not JSON. Only for short texts, which cannot be slow. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The value of a JSON string; `undefined` if the text, which must be JSON, is another value. It is parsed with a
 * letter in front, so that V8, which interns it, hashes it with a seed and not by its value.
 */
export function parseString(text: string): string | undefined {
  return text.startsWith('"') ? String(parseJson(`"x${text.slice(1)}`)).slice(1) : undefined;
}

/**
 * Whether a part of a text is JSON. Where it is not as clients write it, V8 decides if the whole text is quick to
 * parse in the worst case, else the scanner.
 */
export function isJson(text: string, from: number, to: number): boolean {
  if (isCompactJson(text, from, to)) return true;
  if (isQuickToParse(text)) return parseJson(text.slice(from, to)) !== undefined;
  return scan(text, from, to, null);
}

/**
 * The known members of an object, as written; `null` if the text is not JSON, no members if it is not an object.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(membersOf('{"type":"OFFER","x":1,"payload": {"type": 2.0} }'), {
 *   type: '"OFFER"',
 *   payload: '{"type": 2.0}',
 * });
 * assertEquals(membersOf("{"), null);
 * ```
 */
export function membersOf(text: string): Members | null {
  return membersNamed(text, FRAME_MEMBERS);
}

/** The members with these names, found as {@linkcode membersOf} finds those of a frame. */
export function membersNamed<Name extends string>(
  text: string,
  names: readonly Name[],
): Members<Name> | null {
  const found: { [Each in Name]?: string } = {};
  const longest = Math.max(...names.map(({ length }) => length));
  const keyLengthMax = longest * ESCAPE_LENGTH + 2;
  return scan(text, 0, text.length, { names, keyLengthMax, found }) ? found : null;
}

const FRAME_MEMBERS: readonly MemberName[] = ["type", "src", "dst", "payload"];

/**
 * Whether V8 parses a text quickly in the worst case: only many strings are slow, and they need many commas. A
 * usual message has 2,000 to 8,000 characters, most of them in one string, and 12 commas; a candidate has 300
 * characters and 7 commas.
 */
export function isQuickToParse(text: string): boolean {
  if (text.length > QUICK_LENGTH) return false;
  let left = COMMAS_FREE + text.length / CHARACTERS_A_COMMA;
  for (let at = text.indexOf(","); at >= 0; at = text.indexOf(",", at + 1)) {
    if (--left < 0) return false;
  }
  return true;
}

const QUICK_LENGTH = 16_384;
const COMMAS_FREE = 6;
const CHARACTERS_A_COMMA = 100;

const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const BRACKET = 91;
const BACKSLASH = 92;
const BRACE = 123;
/** The distance in ASCII from "[" to "]" and from "{" to "}". */
const TO_END = 2;

/** The members to look for, and those that were found. */
interface Search<Name extends string> {
  readonly names: readonly Name[];
  /** The longest spelling of a name: every letter as an escape, and two quotes. */
  readonly keyLengthMax: number;
  readonly found: { [Each in Name]?: string };
}

/**
 * Whether the part of a text from `from` to `to` is JSON (RFC 8259). Finds members of the outermost object. A value
 * that continues beyond `to` does not end there, so the part is not JSON.
 */
function scan<Name extends string>(
  text: string,
  from: number,
  to: number,
  search: Search<Name> | null,
): boolean {
  /** The closing characters of all open arrays and objects, outermost first: one byte per level. */
  let ends = new Uint8Array(16);
  let depth = 0;
  let name: Name | null = null;
  const found = search?.found ?? null;
  let valueAt = 0;
  let at = skipSpace(text, from);
  for (;;) {
    const unit = text.charCodeAt(at);
    const opens = unit === BRACE || unit === BRACKET;
    const inside = opens ? skipSpace(text, at + 1) : 0;
    const isEmpty = opens && text.charCodeAt(inside) === unit + TO_END;
    if (opens && !isEmpty) {
      if (depth === ends.length) ends = twice(ends);
      ends[depth++] = unit + TO_END;
      at = inside;
    } else {
      at = isEmpty ? inside + 1 : endOfScalar(text, at, unit);
      if (at < 0) return false;
      for (;;) {
        if (depth === 0) return skipSpace(text, at) === to;
        if (depth === 1 && name !== null && found !== null) found[name] = text.slice(valueAt, at);
        at = skipSpace(text, at);
        const next = text.charCodeAt(at++);
        if (next === COMMA) break;
        if (next !== ends[depth - 1]) return false;
        depth--;
      }
      at = skipSpace(text, at);
    }
    if (ends[depth - 1] !== BRACE + TO_END) continue;
    const keyEnd = endOfString(text, at);
    if (keyEnd < 0) return false;
    if (depth === 1 && search !== null) name = nameOf(text, at, keyEnd, search);
    at = skipSpace(text, keyEnd);
    if (text.charCodeAt(at) !== COLON) return false;
    at = skipSpace(text, at + 1);
    if (depth === 1) valueAt = at;
  }
}

/** The member that a key names; the key may have escapes. */
function nameOf<Name extends string>(
  text: string,
  at: number,
  end: number,
  { names, keyLengthMax }: Search<Name>,
): Name | null {
  const plain = names.find((name) => end - at === name.length + 2 && text.startsWith(name, at + 1));
  if (plain !== undefined) return plain;
  if (end - at > keyLengthMax) return null;
  const spelling = text.slice(at, end);
  if (!spelling.includes("\\")) return null;
  const key = parseString(spelling);
  return names.find((name) => name === key) ?? null;
}

/** The length of a letter as an escape: a backslash, "u" and four digits. */
const ESCAPE_LENGTH = 6;

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 32 && unit !== 10 && unit !== 13 && unit !== 9) return at;
  }
}

/** The end of the string, number or word that begins with `unit`; -1 if there is none. */
function endOfScalar(text: string, at: number, unit: number): number {
  if (unit === QUOTE) return endOfString(text, at);
  if (unit === MINUS || (unit >= ZERO && unit <= NINE)) return endOfNumber(text, at);
  for (const word of WORDS) if (text.startsWith(word, at)) return at + word.length;
  return -1;
}

const WORDS = ["true", "false", "null"];

/** The index after the string that begins at `at`; -1 if there is none. */
function endOfString(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) return -1;
  for (let next = at + 1;; next++) {
    const unit = text.charCodeAt(next);
    if (unit > BACKSLASH) continue;
    if (unit === QUOTE) return next + 1;
    if (unit === BACKSLASH) {
      next = endOfEscape(text, next + 1);
      if (next < 0) return -1;
    } else if (!(unit >= 32)) {
      return -1; // A control character, or the end of the text.
    }
  }
}

/** The index of an escape's last character; `at` is the one after the backslash. -1 if it is not an escape. */
function endOfEscape(text: string, at: number): number {
  const letter = text.charAt(at);
  if (letter !== "u") return letter !== "" && '"\\/bfnrt'.includes(letter) ? at : -1;
  for (let digit = at + 1; digit <= at + 4; digit++) {
    if (!isHexDigit(text.charCodeAt(digit))) return -1;
  }
  return at + 4;
}

function isHexDigit(unit: number): boolean {
  const lower = unit | 32;
  return (unit >= ZERO && unit <= NINE) || (lower >= 97 && lower <= 102);
}

function endOfNumber(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from;
  const isZero = text.charCodeAt(at) === ZERO;
  at = isZero ? at + 1 : endOfDigits(text, at);
  if (at > 0 && text.charCodeAt(at) === DOT) at = endOfDigits(text, at + 1);
  if (at > 0 && (text.charCodeAt(at) | 32) === 101) {
    const sign = text.charCodeAt(at + 1);
    at = endOfDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
  }
  return at;
}

/** The index after the digits that begin at `from`; -1 if there are none. */
function endOfDigits(text: string, from: number): number {
  let at = from;
  for (;; at++) {
    const unit = text.charCodeAt(at);
    if (!(unit >= ZERO && unit <= NINE)) return at > from ? at : -1;
  }
}

function twice(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(2 * bytes.length);
  more.set(bytes);
  return more;
}
