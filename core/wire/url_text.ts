/**
 * Text in URLs: the normal form of paths, the comparison of keys, and URLs cut to what may be shown.
 *
 * @module
 */

/**
 * The path in the form that browsers send: each part is decoded once and encoded again. An escaped slash stays
 * escaped and does not split a part.
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
 * Whether `given`, as it is in a URL, is the key. Because the stock client escapes nothing, a key `a%41` may come as
 * it is, or escaped.
 */
export function isKey(key: string, given: string): boolean {
  if (given === key) return true;
  const text = unescapeOnce(given);
  return text === key || text === unescapeOnce(key);
}

/**
 * Reads a parameter of a query as `URLSearchParams` does: its first value, decoded; `null` if it is missing.
 *
 * A query without escapes needs no parser, whose copies of all names and values take longer than anything else that
 * is read of a handshake.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const parameter = parametersOf("key=peerjs&id=alice");
 * assertEquals([parameter("id"), parameter("token")], ["alice", null]);
 * ```
 */
export function parametersOf(query: string): (name: ParameterName) => string | null {
  if (ESCAPED.test(query)) {
    const parameters = new URLSearchParams(query);
    return (name) => parameters.get(name);
  }
  return (name) => {
    const found = PLAIN_PARAMETERS[name].exec(query);
    return found === null ? null : found[1] ?? "";
  };
}

type ParameterName = keyof typeof PLAIN_PARAMETERS;

const PLAIN_PARAMETERS = {
  id: /(?:^\??|&)id(?:=([^&]*))?(?:&|$)/,
  key: /(?:^\??|&)key(?:=([^&]*))?(?:&|$)/,
  token: /(?:^\??|&)token(?:=([^&]*))?(?:&|$)/,
} as const;

/** What is decoded in a query: `%41`, a plus, and half a surrogate pair. */
const ESCAPED = /[%+\ud800-\udfff]/;

/**
 * The key in the query of a socket: `key` if the query has it in any spelling, else `decoded`. A plus means a space,
 * as in a form, or itself, because the stock client escapes nothing.
 */
export function keyInQuery(query: string, decoded: string | null, key: string): string | null {
  if (decoded === null || decoded === key) return decoded;
  const given = /(?:^|[?&])key=([^&]*)/.exec(query)?.[1] ?? "";
  return isKey(key, given) ? key : decoded;
}

/**
 * Cuts every URL in a text to its origin, because its user info, path and query may hold a secret. A `file:` URL
 * stays.
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

/** A value as it may be shown: a value that begins as a URL is cut to its origin as a whole. */
export function cutUrl(value: string): string {
  return /^\s*(?!file:)[a-z][a-z0-9+.-]{0,20}:\/\//i.test(value) ? originOf(value) : cutUrls(value);
}

/** The scheme and host of a URL, with `…` for the rest. */
function originOf(url: string): string {
  const [scheme = ""] = url.trim().split("://", 1);
  const host = URL.canParse(url) ? new URL(url).host : "";
  const origin = `${scheme}://${host}`;
  return url === origin || url === `${origin}/` ? url : `${origin}${host === "" ? "" : "/"}…`;
}

/** The length of a scheme is bounded, so that matching takes linear time. */
const URLS = /\b(?!file:)[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"<>]+/gi;

/** Characters that end a URL in a sentence. */
const PUNCTUATION = "'\"`)],.;:…";

/** A host as it stands in a URL: an IPv6 address needs brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Decodes percent-escapes once; those that are malformed or not UTF-8 stay as they are. */
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
