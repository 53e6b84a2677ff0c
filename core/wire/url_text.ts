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

/**
 * A text in which every URL is cut to its origin: what is before or behind that may be a secret. What
 * names a file stays.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const text = "no answer from https://me:secret@example.com/keys?token=secret: reset";
 * assertEquals(cutUrls(text), "no answer from https://example.com/…: reset");
 * ```
 */
export function cutUrls(text: string): string {
  return text.replace(URLS, (found) => {
    let end = found.length;
    while (PUNCTUATION.includes(found.charAt(end - 1))) end--;
    return `${originOf(found.slice(0, end))}${found.slice(end)}`;
  });
}

/** A value that somebody gave, as it may be shown: one that is a URL is cut to its origin, whatever is in it. */
export function cutUrl(value: string): string {
  return /^\s*(?!file:)[a-z][a-z0-9+.-]{0,20}:\/\//i.test(value) ? originOf(value) : cutUrls(value);
}

/** A URL without what is before or behind its host. */
function originOf(url: string): string {
  const [scheme = ""] = url.trim().split("://", 1);
  const host = URL.canParse(url) ? new URL(url).host : "";
  const origin = `${scheme}://${host}`;
  return url === origin || url === `${origin}/` ? url : `${origin}${host === "" ? "" : "/"}…`;
}

/** The length of a scheme is bounded, so that no text takes more than one look at each character. */
const URLS = /\b(?!file:)[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"<>]+/gi;

/** What stands behind a URL in a sentence. */
const PUNCTUATION = "'\"`)],.;:…";

/** A text without its percent-escapes; those that are malformed or no UTF-8 stay as they are. */
export function unescapeOnce(text: string): string {
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
