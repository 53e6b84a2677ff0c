/**
 * Knows the payloads of the stock client, as `JSON.stringify` writes them, by a regular expression.
 *
 * V8 matches them in 80 % of the time in which it parses them, a candidate in half, and creates no strings: a relayed
 * message leaves a quarter less garbage. No two choices in the expression begin with the same character, so that a
 * match takes time for each character once, whatever a stranger sends.
 *
 * @module
 */

/**
 * Whether a part of a text is an object of scalars and of objects of scalars, as JSON without white space. `false` for
 * any other part, be it JSON or not, if a string has an escape of four digits or a key is no word, and for a text of
 * more than {@linkcode COMPACT_LENGTH_MAX} characters.
 */
export function isCompactJson(text: string, from: number, to: number): boolean {
  if (text.length > COMPACT_LENGTH_MAX) return false;
  PAYLOAD.lastIndex = from;
  return PAYLOAD.test(text) && PAYLOAD.lastIndex === to;
}

/** V8 remembers each escape until the end of a match: millions would be too many. */
const COMPACT_LENGTH_MAX = 16_384;

// What would be general here, every key or an escape of four digits, makes V8's code a fifth slower.
const STRING = String.raw`"[^"\\\0-\x1f]*(?:\\["\\/bfnrt][^"\\\0-\x1f]*)*"`;
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?`;
const SCALAR = `${STRING}|${NUMBER}|true|false|null`;
const PAYLOAD = new RegExp(objectOf(`${SCALAR}|${objectOf(SCALAR)}`), "y");

/** After a member is a comma and the next one, or the end. */
function objectOf(value: string): string {
  return String.raw`\{(?:"[\w-]*":(?:${value})(?:,(?=")|(?=\})))*\}`;
}
