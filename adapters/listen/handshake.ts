/**
 * Validates the WebSocket handshake, and reads what it says about the client.
 *
 * The platforms differ: `Deno.upgradeWebSocket` accepts any version and any key, `npm:ws` rejects a second protocol in
 * `Upgrade`. This check runs before theirs, so that both listeners give the same answers.
 *
 * @module
 */
import {
  copyOf,
  isAdminOrigin,
  isOwnOrigin,
  keyInQuery,
  parametersOf,
  type Settings,
} from "../../core/mod.ts";
import type { IncomingRequest } from "../request.ts";
import type { Handshake } from "../sockets/sockets.ts";
import { type OwnerOf, tokenOf } from "../auth/owner.ts";

/** 13 is RFC 6455; 8 is its last draft, which has the same frames. */
export const HANDSHAKE_VERSIONS = "13, 8";
const VERSIONS = HANDSHAKE_VERSIONS.split(", ");

/** Whether a request is a WebSocket handshake. `Upgrade` may list other protocols too. */
export function asksForSocket(
  { method, header }: Pick<IncomingRequest, "method" | "header">,
): boolean {
  return method === "GET" && hasToken(header("upgrade"), "websocket");
}

/** The names in `Sec-WebSocket-Protocol`, not checked; `null` if a client requests none. */
export function subprotocolsIn(header: IncomingRequest["header"]): string | null {
  return header("sec-websocket-protocol");
}

/**
 * The fault of a handshake, as the end of a sentence; `null` if it is valid.
 *
 * @param subprotocols As {@linkcode subprotocolsIn} gives them.
 */
export function handshakeFault(
  header: IncomingRequest["header"],
  subprotocols: string | null,
): string | null {
  if (!hasToken(header("connection"), "upgrade")) return "Connection does not name Upgrade";
  if (!KEY.test(header("sec-websocket-key") ?? "")) {
    return "Sec-WebSocket-Key is missing or is not 16 bytes as base64";
  }
  if (!VERSIONS.includes(header("sec-websocket-version") ?? "")) {
    return "Sec-WebSocket-Version is not 13";
  }
  if (subprotocols !== null && !areSubprotocols(subprotocols)) {
    return "Sec-WebSocket-Protocol is not a list of different names";
  }
  return hasBody(header) ? "it has a body" : null;
}

/** The subprotocol to select: the first one requested; `null` if there is none. */
export function subprotocolOf(subprotocols: string | null): string | null {
  return subprotocols?.split(",", 1)[0]?.trim() ?? null;
}

/** Who is asked whether a client may come in: nobody, whoever checks its token, or the application too. */
export type Check = "none" | "token" | "application";

/** What else a handshake is read with. */
export interface HandshakeOptions {
  readonly ownerOf: OwnerOf;
  readonly check: Check;
  /** The address of the client; see `clientAddress`. */
  readonly address: string;
}

/** Reads the parameters of the URL, and what the check of the client needs. */
export function readHandshake(
  incoming: IncomingRequest,
  settings: Settings,
  { ownerOf, check, address }: HandshakeOptions,
): Handshake {
  const { query, header } = incoming;
  const parameter = parametersOf(query);
  const origin = header("origin");
  const token = parameter("token");
  const key = keyInQuery(query, parameter("key"), settings.key);
  const parameters = {
    // Of a part of the URL the whole would be kept, with the token.
    id: copyOf(parameter("id") ?? "") || null,
    token: tokenOf(token, ownerOf),
    key: key === null || key === "" ? null : key === settings.key ? "right" : "wrong",
    address,
    origin,
    ownOrigin: settings.cors.length > 0 && isOwn(settings, origin, header("host")),
    queryLength: query.length,
    identity: check === "none" ? UNCHECKED : PENDING,
  } as const;
  if (check === "none") return { parameters, asked: null };
  const { id } = parameters;
  const cookie = check === "application" ? cookieIn(header) : null;
  return { parameters, asked: { id: id ?? "", token, address, origin, cookie } };
}

/** The cookies; `null` if they are so long that many waiting sockets would take much memory. */
function cookieIn(header: IncomingRequest["header"]): string | null {
  const cookie = header("cookie");
  return cookie === null || cookie.length > COOKIE_MAX_LENGTH ? null : cookie;
}

const COOKIE_MAX_LENGTH = 16_384;

/** Whether an origin is that of this server, or of its admin page. */
function isOwn(settings: Settings, origin: string | null, host: string | null): boolean {
  return isOwnOrigin(settings, origin, host) || isAdminOrigin(settings, origin, host);
}

const PENDING = { kind: "pending" } as const;
const UNCHECKED = { kind: "unchecked" } as const;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** A list of tokens (RFC 9110, 5.6.2). */
const SUBPROTOCOLS = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/;

function areSubprotocols(text: string): boolean {
  if (!SUBPROTOCOLS.test(text)) return false;
  const names = text.split(",").map((name) => name.trim());
  return new Set(names).size === names.length;
}

/** Some proxies announce an empty body (`Content-Length: 0`, `Transfer-Encoding: chunked`), which is allowed. */
function hasBody(header: IncomingRequest["header"]): boolean {
  const coding = header("transfer-encoding");
  return !/^0*$/.test(header("content-length") ?? "") ||
    (coding !== null && coding.toLowerCase() !== "chunked");
}

function hasToken(list: string | null, token: string): boolean {
  if (list === null) return false;
  const lower = list.toLowerCase();
  return lower === token || lower.split(",").some((item) => item.trim() === token);
}
