/**
 * Text in URLs: paths and keys are compared without their percent-escapes, which are undone once.
 *
 * @module
 */

/**
 * A path as browsers send it, however it came: each of its parts with its escapes undone and made anew. An
 * escaped slash stays one, and parts no path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(normalPath("/my app/%61%2Fb"), "/my%20app/a%2Fb");
 * ```
 */
export function normalPath(path: string): string {
  return path.split("/").map((part) => escapePart(unescapeOnce(part))).join("/");
}

/**
 * Whether a client gave the key, as it stands in a URL. A client that escapes nothing gives `a%41` as it is,
 * which another reads as `aA`.
 */
export function isKey(key: string, given: string): boolean {
  if (given === key) return true;
  const text = unescapeOnce(given);
  return text === key || text === unescapeOnce(key);
}

/**
 * The key in the query of a socket: `key` itself where it is that, however it is written, else `decoded`. A
 * plus is a space as in a form, or itself: the stock client escapes nothing.
 */
export function keyInQuery(query: string, decoded: string | null, key: string): string | null {
  if (decoded === null || decoded === key) return decoded;
  const given = /(?:^|[?&])key=([^&]*)/.exec(query)?.[1] ?? "";
  return isKey(key, given) ? key : decoded;
}

/** A text without its percent-escapes; those that are malformed or no UTF-8 stay as they are. */
function unescapeOnce(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function escapePart(text: string): string {
  return text.toWellFormed().replace(/[^A-Za-z0-9._~!$&'()*+,;=:@-]+/g, encodeURIComponent);
}
