/**
 * What stands where in a JSON text.
 *
 * A value that is only passed on need not be written anew: that would cost as much as reading it, and change
 * how numbers, escapes and repeated keys are spelled. So its text is cut out of the text it came in.
 *
 * @module
 */

/** What a text says; `undefined` where it is not JSON, which no JSON text means. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The text of the member `name` of the object that `text` is, without the white space around it; `null` where
 * it has none. The last of several counts, as with `JSON.parse`, which has to have read an object in `text`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(memberText('{"a":1,"b":{"a": 2.0}}', "b"), '{"a": 2.0}');
 * ```
 */
export function memberText(text: string, name: string): string | null {
  let found: string | null = null;
  let depth = 0;
  let isNamed = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text[at];
    if (unit === '"') {
      at = endOfString(text, at);
    } else if (unit === "{" || unit === "[") {
      if (++depth === 1) from = at + 1;
    } else if (unit === ":" && depth === 1) {
      isNamed = parseJson(text.slice(from, at)) === name;
      from = at + 1;
    } else if (unit === "," || unit === "}" || unit === "]") {
      if (depth === 1) {
        if (isNamed) found = text.slice(from, at).trim();
        from = at + 1;
      }
      if (unit !== ",") depth--;
    }
  }
  return found;
}

/** Where the quote is that ends the string which begins at `at`: one that an even number of backslashes is before. */
function endOfString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  for (let before = end - 1; text[before] === "\\"; before = end - 1) {
    while (text[before] === "\\") before--;
    if ((end - before) % 2 === 1) break;
    end = text.indexOf('"', end + 1);
  }
  return end;
}
