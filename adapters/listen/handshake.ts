/**
 * What a request must have to become a WebSocket, the same with every listener, and what it says of its client.
 *
 * What the platforms look at differs: `Deno.upgradeWebSocket` takes any version and any key, `npm:ws` no
 * second protocol in `Upgrade`. So all of it is looked at here, and before either of them.
 *
 * @module
 */
import { isOwnOrigin, keyInQuery, type Settings } from "../../core/mod.ts";
import { clientAddress } from "./address.ts";
import type { Arrival } from "../request.ts";
import type { Handshake } from "../sockets/sockets.ts";
import { type OwnerOf, tokenOf } from "../auth/owner.ts";

/** The versions of RFC 6455 and of the last draft before it, whose frames are the same. */
export const HANDSHAKE_VERSIONS = "13, 8";

/** Whether a request asks to become a WebSocket: `Upgrade` is a list, of which the server may choose. */
export function asksForSocket({ method, header }: Pick<Arrival, "method" | "header">): boolean {
  return method === "GET" && hasToken(header("upgrade"), "websocket");
}

/** What is wrong with a request that asks to become a WebSocket, as the end of a sentence; or `null`. */
export function handshakeFault(header: Arrival["header"]): string | null {
  if (!hasToken(header("connection"), "upgrade")) return "Connection does not name Upgrade";
  if (!KEY.test(header("sec-websocket-key") ?? "")) {
    return "Sec-WebSocket-Key is missing or is not 16 bytes as base64";
  }
  if (!HANDSHAKE_VERSIONS.split(", ").includes(header("sec-websocket-version") ?? "")) {
    return "Sec-WebSocket-Version is not 13";
  }
  const subprotocols = header("sec-websocket-protocol");
  if (subprotocols !== null && !areSubprotocols(subprotocols)) {
    return "Sec-WebSocket-Protocol is not a list of different names";
  }
  return hasBody(header) ? "it has a body" : null;
}

/** The subprotocol to select: the first that is asked for; `null` where none is. */
export function subprotocolOf(header: Arrival["header"]): string | null {
  return header("sec-websocket-protocol")?.split(",", 1)[0]?.trim() ?? null;
}

/** What a request for a socket says of its client; with `isChecked` its token is to be checked. */
export function readHandshake(
  arrival: Arrival,
  settings: Settings,
  { ownerOf, isChecked }: { readonly ownerOf: OwnerOf; readonly isChecked: boolean },
): Handshake {
  const { query, header } = arrival;
  const url = new URLSearchParams(query);
  const origin = header("origin");
  const token = url.get("token");
  const key = keyInQuery(query, url.get("key"), settings.key);
  const parameters = {
    id: url.get("id") || null,
    token: tokenOf(token, ownerOf),
    key: key === null || key === "" ? null : key === settings.key ? "right" : "wrong",
    address: clientAddress(arrival, settings),
    origin,
    ownOrigin: settings.cors.length > 0 && isOwnOrigin(settings, origin, header("host")),
    queryLength: query.length,
    identity: isChecked ? PENDING : UNCHECKED,
  } as const;
  return { parameters, token: isChecked ? token : null };
}

const PENDING = { kind: "pending" } as const;
const UNCHECKED = { kind: "unchecked" } as const;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Tokens as RFC 9110 has them. */
const SUBPROTOCOLS = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/;

function areSubprotocols(text: string): boolean {
  if (!SUBPROTOCOLS.test(text)) return false;
  const names = text.split(",").map((name) => name.trim());
  return new Set(names).size === names.length;
}

/** An empty body is none: some proxies announce one. */
function hasBody(header: Arrival["header"]): boolean {
  const coding = header("transfer-encoding");
  return !/^0*$/.test(header("content-length") ?? "") ||
    (coding !== null && coding.toLowerCase() !== "chunked");
}

function hasToken(list: string | null, token: string): boolean {
  return (list ?? "").split(",").some((item) => item.trim().toLowerCase() === token);
}
