/**
 * Which pages may use the server: compares the origins in option `cors` with the `Origin` header.
 *
 * Both are converted to one normal form, the one that browsers send: lower case, names in Punycode, no default
 * port, no trailing slash.
 *
 * @module
 */
import { describe } from "../wire/text.ts";
import type { Settings } from "../settings/settings.ts";

/** The origins that an item of option `cors` means, or why no page can have that origin and what to write instead. */
export type ReadOrigin =
  | { readonly ok: true; readonly origins: readonly string[] }
  | { readonly ok: false; readonly why: string };

/**
 * Parses one item of option `cors`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readOrigin("https://B.example:443/"), { ok: true, origins: ["https://b.example"] });
 * ```
 */
export function readOrigin(text: string): ReadOrigin {
  if (text === "*") return { ok: true, origins: ["*"] };
  // Browsers send `null` for pages of files; some shells around a browser send `file://`.
  if (/^file:\/{2,3}$/i.test(text)) return { ok: true, origins: ["file://", "null"] };
  if (/^(?:about|blob|data|javascript):/i.test(text)) return never("has no origin", "null");
  const [, scheme, authority = "", rest = ""] = ORIGIN.exec(text) ?? [];
  if (scheme === undefined) {
    return /^null$/i.test(text) ? NULL : never("has no scheme", guess(text));
  }
  if (SOCKET_SCHEME.test(scheme)) {
    const http = scheme.replace(/^ws/i, "http");
    return never("is the origin of no page", `${http}://${authority}`);
  }
  if (rest !== "" && rest !== "/") {
    return never("has a path, which no origin has", `${scheme}://${authority}`);
  }
  const name = authority.replace(/^.*@/, "");
  if (name !== authority) return never("has a user name in it", `${scheme}://${name}`);
  const isWild = /^\*\.[^.]/.test(authority);
  if (authority.slice(isWild ? 1 : 0).includes("*")) return never(WRONG_STAR, SUBDOMAINS);
  const origin = normalOrigin(`${scheme}://${authority}`);
  return origin === null
    ? never("has no host that a page can have", EXAMPLE)
    : { ok: true, origins: [origin] };
}

/** Whether a page of this origin may use the server. With an empty list every page may. */
export function isOriginAllowed({ cors }: Pick<Settings, "cors">, origin: string): boolean {
  if (cors.length === 0 || cors.includes("*") || cors.includes(origin)) return true;
  const normal = normalOrigin(origin);
  if (normal === null) return false;
  return cors.includes(normal) || cors.some((listed) => isSubdomain(listed, normal));
}

/**
 * Whether an origin is the server's own, by the `Host` header, which pages cannot set. The scheme is compared only
 * if the server itself speaks TLS: behind a proxy that does, the server cannot know it.
 */
export function isOwnOrigin(
  { sslkey }: Pick<Settings, "sslkey">,
  origin: string | null,
  host: string | null,
): boolean {
  const scheme = /^(https?):\/\//i.exec(origin ?? "")?.[1]?.toLowerCase();
  if (origin === null || scheme === undefined) return false;
  if (sslkey !== "" && scheme !== "https") return false;
  const own = normalOrigin(`${scheme}://${host ?? ""}`);
  return own !== null && own === normalOrigin(origin);
}

/**
 * Whether an origin is that of the admin page of this server: the host of `Host`, which pages cannot set, with the
 * admin port. That page opens sockets here to try the server.
 */
export function isAdminOrigin(
  { admin_port }: Pick<Settings, "admin_port">,
  origin: string | null,
  host: string | null,
): boolean {
  if (admin_port === 0 || origin === null || host === null) return false;
  const admin = normalOrigin(`http://${host.replace(/:\d*$/, "")}:${admin_port}`);
  return admin !== null && admin === normalOrigin(origin);
}

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*)(.*)$/is;
const SOCKET_SCHEME = /^wss?$/i;
const EXAMPLE = "https://example.com";
const SUBDOMAINS = "https://*.example.com";
const WRONG_STAR =
  'has a * that is neither alone, for any origin, nor right before the ".example.com" ' +
  "whose subdomains are meant";
/** Hosts that `URL` accepts and no browser has: an empty first label, an empty label, escapes, several items. */
const NO_HOST = /:\/\/\.|\.\.|[%;]/;
const NULL: ReadOrigin = { ok: true, origins: ["null"] };

function never(why: string, instead: string): ReadOrigin {
  const advice = readOrigin(instead).ok ? instead : EXAMPLE;
  return { ok: false, why: `${why}: write ${describe(advice)}` };
}

/** Guesses the origin that somebody meant who left out the scheme or a part of it. */
function guess(text: string): string {
  const bare = text.replace(/^["']+|["']+$/g, "");
  if (/^null$/i.test(bare)) return "null";
  if (/^file:/i.test(bare)) return "file://";
  const scheme = /^https?(?=:)/i.exec(bare)?.[0];
  const name = bare.replace(/^(?:https?:)?\/*/i, "").replace(/[/?#"'].*$/s, "");
  const isLocal = /^(?:localhost|127\.|\[)/i.test(name);
  return `${scheme ?? (isLocal ? "http" : "https")}://${name}`;
}

/** An origin in the form that browsers send; `null` if the text is not an origin. */
function normalOrigin(text: string): string | null {
  const lower = text.toLowerCase();
  if (lower === "null" || lower === "file://") return lower;
  const [origin] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\@\s\p{Cc}]+(?=\/?$)/u.exec(lower) ?? [];
  if (origin === undefined) return null;
  if (!/^https?:/.test(origin)) return origin;
  if (NO_HOST.test(origin)) return null;
  try {
    return new URL(origin).origin;
  } catch {
    return null;
  }
}

/** Whether an item such as `https://*.example.com` matches an origin in normal form. */
function isSubdomain(listed: string, origin: string): boolean {
  const star = listed.indexOf("*");
  return star >= 0 && origin.length >= listed.length &&
    origin.startsWith(listed.slice(0, star)) && origin.endsWith(listed.slice(star + 1));
}
