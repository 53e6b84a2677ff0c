/**
 * The HTTP interface: the reply to a request, as a function of the state.
 *
 * Randomness comes in as `suggestId`. Every reply has the CORS headers, errors too: without them a browser
 * reports "CORS is missing" and hides the reason.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Identity } from "./event.ts";
import { isUsableId, type PeerId, peerId } from "./ids.ts";
import { isOriginAllowed } from "./rules/origin.ts";
import { mapHas } from "./collections/persistent_map.ts";
import type { Settings } from "./settings/options.ts";
import { connectedIds, type State } from "./state.ts";
import { isKey, normalPath } from "./wire/url_text.ts";

/** The parts of a request that the reply depends on. */
export interface HttpRequest {
  readonly method: string;
  /** The path of the URL as it came, with its percent-escapes. */
  readonly path: string;
  /** The `Origin` header. */
  readonly origin: string | null;
  /** What the token of the request proves; used only with option `auth_http`. */
  readonly identity: Identity;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a path addresses. */
export type Route = "root" | "socket" | "id" | "peers" | "wrong-key" | "none";

/** The route of a path, escaped or not. A path outside the prefix is `"none"`. */
export function routeOf({ path: prefix, key }: Settings, given: string): Route {
  const path = normalPath(given);
  if (path === prefix || `${path}/` === prefix) return "root";
  if (!path.startsWith(prefix)) return "none";
  const rest = path.slice(prefix.length);
  if (rest === "peerjs") return "socket";
  const parts = rest.split("/");
  const [givenKey, method] = parts;
  if (givenKey === undefined || givenKey === "" || parts.length !== 2) return "none";
  if (method !== "id" && method !== "peers") return "none";
  return isKey(key, givenKey) ? method : "wrong-key";
}

/** The server that receives a request. */
export interface Asked {
  readonly settings: Settings;
  readonly state: State;
}

/**
 * Answers a request that is not an upgrade.
 *
 * `suggestId` is called until it returns an id that no connected client holds, at most
 * {@linkcode SUGGESTIONS_MAX} times; then the reply is a 500. `listPeers` may return a cached list.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { settingsFrom } from "./settings/parse.ts";
 * import { initialState } from "./state.ts";
 *
 * const settings = settingsFrom();
 * const asked = { settings, state: initialState(settings) };
 * const identity = { kind: "unchecked" } as const;
 * const request = { method: "GET", path: "/peerjs/id", origin: null, identity };
 * assertEquals(respond(asked, request, () => "a-new-id").body, "a-new-id");
 * ```
 */
export function respond(
  asked: Asked,
  request: HttpRequest,
  suggestId: () => string,
  listPeers: (state: State) => string = peerList,
): HttpReply {
  const reply = answer(asked, request, suggestId, listPeers);
  const headers = { ...reply.headers, ...corsHeaders(asked.settings, request.origin) };
  return { ...reply, headers, body: request.method === "HEAD" ? "" : reply.body };
}

/** The ids of all connected clients as JSON. Depends only on `state.claims`, so that a caller can cache it. */
export function peerList(state: State): string {
  return JSON.stringify(connectedIds(state));
}

/** Whether a request on this route needs a token. */
export function needsToken({ auth_http }: Settings, route: Route): boolean {
  return auth_http && (route === "id" || route === "peers");
}

/** A reply that refuses a request with one sentence, with the headers that every reply has. */
export function refusal(
  settings: Settings,
  origin: string | null,
  status: number,
  sentence: string,
): HttpReply {
  const refused = plain(status, `${sentence}\n`);
  return { ...refused, headers: { ...refused.headers, ...corsHeaders(settings, origin) } };
}

/** The number of unusable ids that a generator may suggest (HTTP-9). */
export const SUGGESTIONS_MAX = 16;

/** The body of the seed's `GET /`, letter for letter. */
const ABOUT = JSON.stringify({
  name: "PeerJS Server",
  description: "A server side element to broker connections between PeerJS clients.",
  website: "https://peerjs.com/",
});
const ALLOWED_METHODS = "GET, HEAD, OPTIONS";
const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";

function answer(
  { settings, state }: Asked,
  request: HttpRequest,
  suggestId: () => string,
  listPeers: (state: State) => string,
): HttpReply {
  const { method } = request;
  const route = routeOf(settings, request.path);
  if (method === "OPTIONS") return preflight(route);
  if (route === "none") return notFound(settings);
  if (method !== "GET" && method !== "HEAD") return methodNotAllowed(method);
  if (needsToken(settings, route) && request.identity.kind !== "proven") {
    return unauthorized(request.identity);
  }
  switch (route) {
    case "root":
      return ok(JSON_TYPE, ABOUT);
    case "socket":
      return upgradeRequired(settings);
    case "id":
      return freshId(state, suggestId);
    case "peers":
      return settings.allow_discovery
        ? ok(JSON_TYPE, listPeers(state))
        : plain(STATUS_CODE.Unauthorized, NO_DISCOVERY);
    case "wrong-key":
      return plain(STATUS_CODE.Unauthorized, WRONG_KEY);
  }
}

const NO_DISCOVERY = "This server does not list its peers: its option allow_discovery is off.\n";
const WRONG_KEY =
  "Invalid key provided: give the client the key that this server was started with " +
  '(option "key" of the Peer).\n';

function unauthorized(identity: Identity): HttpReply {
  const why = identity.kind === "rejected" ? identity.reason : "A token is missing";
  const refused = plain(STATUS_CODE.Unauthorized, `${why}.\n`);
  return { ...refused, headers: { ...refused.headers, "www-authenticate": "Bearer" } };
}

function freshId(state: State, suggestId: () => string): HttpReply {
  const { max_id_length } = state.rules;
  for (let i = 0; i < SUGGESTIONS_MAX; i++) {
    const id: PeerId = peerId(suggestId());
    if (isUsableId(id, max_id_length) && !mapHas(state.claims, id)) return ok(TEXT_TYPE, id);
  }
  const body = `The id generator made ${SUGGESTIONS_MAX} ids that are taken or cannot be used.\n`;
  return plain(STATUS_CODE.InternalServerError, body);
}

function preflight(route: Route): HttpReply {
  if (route === "none") return { status: STATUS_CODE.NoContent, headers: {}, body: "" };
  return { status: STATUS_CODE.NoContent, headers: { allow: ALLOWED_METHODS }, body: "" };
}

function methodNotAllowed(method: string): HttpReply {
  const reply = plain(
    STATUS_CODE.MethodNotAllowed,
    `${method} is not a method of this URL: use one of ${ALLOWED_METHODS}.\n`,
  );
  return { ...reply, headers: { ...reply.headers, allow: ALLOWED_METHODS } };
}

function upgradeRequired(settings: Settings): HttpReply {
  const reply = plain(
    STATUS_CODE.UpgradeRequired,
    `This URL is for WebSockets. Behind a proxy, let it pass on the headers Upgrade and Connection.
${urls(settings)}`,
  );
  return { ...reply, headers: { ...reply.headers, upgrade: "websocket" } };
}

function notFound(settings: Settings): HttpReply {
  return plain(STATUS_CODE.NotFound, `Nothing is served here.\n${urls(settings)}`);
}

function urls({ path: prefix }: Settings): string {
  return `The URLs of this server are:
  GET ${prefix}              what this is
  GET ${prefix}<key>/id      a new id
  GET ${prefix}<key>/peers   the connected peers, where discovery is allowed
  WebSocket ${prefix}peerjs?key=<key>&id=<id>&token=<token>
Give the client this path: new Peer(id, { path: "${prefix}", … }).
`;
}

function ok(type: string, body: string): HttpReply {
  return reply(STATUS_CODE.OK, type, body);
}

function plain(status: number, body: string): HttpReply {
  return reply(status, TEXT_TYPE, body);
}

function reply(status: number, type: string, body: string): HttpReply {
  const headers = {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return { status, headers, body };
}

function corsHeaders(settings: Settings, origin: string | null): Record<string, string> {
  const shared = {
    "access-control-allow-methods": ALLOWED_METHODS,
    // `*` does not cover Authorization (Fetch standard, "CORS protocol").
    "access-control-allow-headers": "*, Authorization",
    "access-control-max-age": "86400",
  };
  if (settings.cors.length === 0 || settings.cors.includes("*")) {
    return { ...shared, "access-control-allow-origin": "*" };
  }
  if (origin === null || !isOriginAllowed(settings, origin)) return { vary: "Origin" };
  return { ...shared, "access-control-allow-origin": origin, vary: "Origin" };
}
