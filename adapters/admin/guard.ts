/**
 * Decides whether a request may be answered on the admin port.
 *
 * Whoever can send a request there can disconnect everybody, so a page of another site must not, although it runs in
 * the operator's browser: the browser says in `Origin` and `Sec-Fetch-Site` where a request comes from. A page can
 * also give its own host name the address 127.0.0.1 (DNS rebinding). Such a request has another name in `Host`, hence
 * only names of this machine count there, unless a token is needed anyway.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { STATUS_CODE } from "@std/http/status";
import { isLoopback, isOwnOrigin, type Settings } from "../../core/mod.ts";
import { bearerIn } from "../auth/owner.ts";
import type { AdminRoute } from "./routes.ts";

/** The parts of a request that the decision depends on. */
export interface Asked {
  readonly method: string;
  readonly route: AdminRoute;
  /** The `Host` header; `null` if there is none. */
  readonly host: string | null;
  readonly header: (name: "authorization" | "origin" | "sec-fetch-site") => string | null;
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: number;
  readonly sentence: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How many wrong tokens are compared within a second; after them none is, until the second is over. */
export const GUESSES_PER_SECOND = 10;

/** Returns a function that decides on a request: why it is refused, `null` if it may be answered. */
export function createGuard(
  { admin_token }: Pick<Settings, "admin_token">,
  now: () => number,
): (asked: Asked) => Refusal | null {
  const right = admin_token === "" ? null : digest(admin_token);
  let [guesses, since] = [0, -Infinity];

  function refusalOfToken(authorization: string | null): Refusal | null {
    if (right === null) return null;
    const token = bearerIn(authorization);
    if (token === null) return MISSING;
    if (now() - since >= 1_000) [guesses, since] = [0, now()];
    if (guesses >= GUESSES_PER_SECOND) return CROWDED;
    if (timingSafeEqual(digest(token), right)) return null;
    guesses++;
    return WRONG;
  }

  return ({ method, route, host, header }) => {
    const name = hostNameOf(host);
    if (name === null) return INVALID_HOST;
    if (right === null && !isLoopback(name)) return FOREIGN_HOST;
    const origin = header("origin");
    if (origin !== null && !isOwnOrigin(ANY_SCHEME, origin, host)) return FOREIGN_PAGE;
    const site = header("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") return FOREIGN_PAGE;
    if (route.kind === "none") return NOTHING;
    const methods = route.kind === "client" ? "GET, HEAD, DELETE" : "GET, HEAD";
    if (!methods.split(", ").includes(method)) {
      const sentence = `This URL has the methods ${methods}.`;
      return { status: STATUS_CODE.MethodNotAllowed, sentence, headers: { allow: methods } };
    }
    return route.kind === "asset" ? null : refusalOfToken(header("authorization"));
  };
}

/** The host name in a `Host` header, an IPv6 address without its brackets; `null` if the header is not valid. */
export function hostNameOf(host: string | null): string | null {
  const [, address, name] = HOST.exec(host ?? "") ?? [];
  return address ?? name?.toLowerCase() ?? null;
}

/** Host names are ASCII on the wire. What else could be in the header would get into a response header. */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i;

/** TLS may end at a proxy, so the scheme of the own origin is not known. */
const ANY_SCHEME = { sslkey: "" };

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

const CHALLENGE = { "www-authenticate": "Bearer" };
const MISSING: Refusal = {
  status: STATUS_CODE.Unauthorized,
  sentence: "The admin token is missing: send it as Authorization: Bearer <admin_token>.",
  headers: CHALLENGE,
};
const WRONG: Refusal = {
  status: STATUS_CODE.Unauthorized,
  sentence: "The admin token is wrong.",
  headers: CHALLENGE,
};
const CROWDED: Refusal = {
  status: STATUS_CODE.TooManyRequests,
  sentence: "Too many wrong admin tokens came: try again in a second.",
  headers: { "retry-after": "1" },
};
const INVALID_HOST: Refusal = {
  status: STATUS_CODE.BadRequest,
  sentence: "The Host header is not valid.",
};
const FOREIGN_HOST: Refusal = {
  status: STATUS_CODE.MisdirectedRequest,
  sentence:
    "Without an admin_token only localhost, 127.0.0.1 and [::1] are names of this server: " +
    "open one of them, or set admin_token.",
};
const FOREIGN_PAGE: Refusal = {
  status: STATUS_CODE.Forbidden,
  sentence: "A page of another site asks for this: open the URL in a new tab.",
};
const NOTHING: Refusal = { status: STATUS_CODE.NotFound, sentence: "Nothing is served here." };
