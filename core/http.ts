/**
 * The HTTP interface: the reply to a request, as a function of the state.
 *
 * Randomness and the wall clock come in as functions ({@linkcode Sources}). Every reply has the CORS headers, errors
 * too: without them a browser reports "CORS is missing" and hides the reason.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Identity } from "./event.ts";
import { isUsableId, type Millis, type PeerId, peerId } from "./ids.ts";
import { isOriginAllowed } from "./rules/origin.ts";
import { mapHas } from "./collections/persistent_map.ts";
import type { Settings } from "./settings/settings.ts";
import { clientCount, connectedIds, isStopping, type State } from "./state.ts";
import { isKey, normalPath } from "./wire/url_text.ts";

/** The parts of a request that the reply depends on. */
export interface HttpRequest {
  readonly method: string;
  /** The path of the URL as it came, with its percent-escapes. */
  readonly path: string;
  /** The `Origin` header. */
  readonly origin: string | null;
  /** The `Accept` header. */
  readonly accept: string | null;
  /** The parameter `id` of the query. */
  readonly id: string | null;
  /** What the token of the request proves; used only with option `auth_http`. */
  readonly identity: Identity;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body is a stream of presence (HTTP-15), which the adapter makes. */
  readonly isStream?: true;
}

/** What a path addresses. */
export type Route =
  | "root"
  | "health"
  | "ready"
  | "socket"
  | "id"
  | "peers"
  | "ice"
  | "wrong-key"
  | "none";

/** The route of a path, escaped or not. A path outside the prefix is `"none"`. */
export function routeOf({ path: prefix, key, turn_urls }: Settings, given: string): Route {
  // The usual case: the prefix is in its normal form. Nothing is put together to be compared.
  const isSocket = given.length === prefix.length + SOCKET.length && given.endsWith(SOCKET);
  if (isSocket && given.startsWith(prefix)) return "socket";
  const path = normalPath(given);
  if (path === prefix || `${path}/` === prefix) return "root";
  if (!path.startsWith(prefix)) return "none";
  const rest = path.slice(prefix.length);
  if (rest === SOCKET) return "socket";
  if (rest === "healthz") return "health";
  if (rest === "readyz") return "ready";
  const parts = rest.split("/");
  const [givenKey, method] = parts;
  if (givenKey === undefined || givenKey === "" || parts.length !== 2) return "none";
  const isKnown = method === "id" || method === "peers";
  if (!isKnown && (method !== "ice" || turn_urls.length === 0)) return "none";
  return isKey(key, givenKey) ? method : "wrong-key";
}

/** What the path of sockets ends in. */
const SOCKET = "peerjs";

/** The server that receives a request. */
export interface Asked {
  readonly settings: Settings;
  readonly state: State;
  readonly now: Millis;
}

/** What replies take from outside of the core. */
export interface Sources {
  /**
   * Called until it returns an id that no connected client holds, at most {@linkcode SUGGESTIONS_MAX} times; then the
   * reply is a 500.
   */
  readonly suggestId: () => string;
  /** May return a cached list. */
  readonly listPeers: (state: State) => string;
  /** Makes credentials that end; with `null`, for a random id. */
  readonly turnCredentials: (id: string | null) => TurnCredentials;
}

/** What a TURN server checks. */
export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/**
 * Answers a request that is not an upgrade.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { millis } from "./ids.ts";
 * import { settingsFrom } from "./settings/parse.ts";
 * import { initialState } from "./state.ts";
 *
 * const settings = settingsFrom();
 * const asked = { settings, state: initialState(settings), now: millis(0) };
 * const identity = { kind: "unchecked" } as const;
 * const request = { method: "GET", path: "/peerjs/id", origin: null, accept: null, id: null, identity };
 * const sources = {
 *   suggestId: () => "a-new-id",
 *   listPeers: peerList,
 *   turnCredentials: () => ({ username: "", credential: "" }),
 * };
 * assertEquals(respond(asked, request, sources).body, "a-new-id");
 * ```
 */
export function respond(asked: Asked, request: HttpRequest, sources: Sources): HttpReply {
  const reply = answer(asked, request, sources);
  const headers = { ...reply.headers, ...corsHeaders(asked.settings, request.origin) };
  if (request.method !== "HEAD") return { ...reply, headers };
  return { status: reply.status, headers, body: "" };
}

/** The ids of all connected clients as JSON. Depends only on `state.claims`, so that a caller can cache it. */
export function peerList(state: State): string {
  return JSON.stringify(connectedIds(state));
}

/** Whether a request on this route needs a token. */
export function needsToken({ auth_http }: Settings, route: Route): boolean {
  return auth_http && (route === "id" || route === "peers" || route === "ice");
}

/** Whether an `Accept` header asks for server-sent events. */
export function acceptsEvents(accept: string | null): boolean {
  return accept !== null && EVENTS_IN_ACCEPT.test(accept);
}

/** Why a server takes no new clients now, in words of `GET <path>readyz`; none if it takes them. */
export function unreadiness({ state, now }: Pick<Asked, "state" | "now">): readonly string[] {
  const { rules, cluster } = state;
  const reasons: readonly (readonly [word: string, isSo: boolean])[] = [
    ["stopping", isStopping(state)],
    ["full", clientCount(state) >= rules.concurrent_limit],
    ["engine", cluster !== null && (cluster.phase !== "joined" || cluster.leaseUntil <= now)],
  ];
  return reasons.filter(([, isSo]) => isSo).map(([word]) => word);
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
const EVENTS_IN_ACCEPT = /(?:^|,)[ \t]*text\/event-stream[ \t]*(?:[,;]|$)/i;

function answer(asked: Asked, request: HttpRequest, sources: Sources): HttpReply {
  const { settings, state } = asked;
  const { method } = request;
  const route = routeOf(settings, request.path);
  if (method === "OPTIONS") return preflight(route);
  if (route === "none") return notFound(settings, request.path);
  if (method !== "GET" && method !== "HEAD") return methodNotAllowed(method);
  if (needsToken(settings, route) && request.identity.kind !== "proven") {
    return unauthorized(request.identity);
  }
  switch (route) {
    case "root":
      return ok(JSON_TYPE, ABOUT);
    case "health":
      return ok(TEXT_TYPE, "ok\n");
    case "ready":
      return readiness(unreadiness(asked));
    case "socket":
      return upgradeRequired(settings);
    case "id":
      return freshId(state, sources.suggestId);
    case "peers":
      if (!settings.allow_discovery) return plain(STATUS_CODE.Unauthorized, NO_DISCOVERY);
      if (!acceptsEvents(request.accept)) return ok(JSON_TYPE, sources.listPeers(state));
      return isStopping(state) ? plain(STATUS_CODE.ServiceUnavailable, STOPPING) : EVENTS;
    case "ice":
      return iceServers(settings, request, sources);
    case "wrong-key":
      return plain(STATUS_CODE.Unauthorized, WRONG_KEY);
  }
}

/** Proxies collect or compress what they pass on, unless they are told not to: nginx by a header of its own. */
const EVENTS: HttpReply = {
  status: STATUS_CODE.OK,
  headers: {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  },
  body: "",
  isStream: true,
};

const STOPPING = "The server is shutting down: try again later.\n";
const NO_DISCOVERY = "This server does not list its peers: its option allow_discovery is off.\n";
const WRONG_KEY =
  "Invalid key provided: give the client the key that this server was started with " +
  '(option "key" of the Peer).\n';

function readiness(reasons: readonly string[]): HttpReply {
  if (reasons.length === 0) return ok(TEXT_TYPE, "ready\n");
  return plain(STATUS_CODE.ServiceUnavailable, `${reasons.join("\n")}\n`);
}

/** The list of ICE servers, with credentials by the convention of coturn ("REST API" for TURN). */
function iceServers(
  { turn_urls, auth_http }: Settings,
  { id, identity }: HttpRequest,
  { turnCredentials }: Sources,
): HttpReply {
  const isNamed = id !== null && id !== "";
  if (isNamed && auth_http && identity.kind === "proven" && !identity.ids.includes(id)) {
    return plain(STATUS_CODE.Forbidden, `The token is not for this id.\n`);
  }
  const isTurn = (url: string): boolean => /^turns?:/i.test(url);
  const [turn, stun] = [turn_urls.filter(isTurn), turn_urls.filter((url) => !isTurn(url))];
  const credentials = (): TurnCredentials =>
    turnCredentials(isNamed && USERNAME_ID.test(id) ? id : null);
  const servers = [
    ...(turn.length > 0 ? [{ urls: turn, ...credentials() }] : []),
    ...(stun.length > 0 ? [{ urls: stun }] : []),
  ];
  return ok(JSON_TYPE, JSON.stringify({ iceServers: servers }));
}

/** Ids that can be part of a username: a TURN server splits it at the colon, and coturn refuses spaces and quotes. */
const USERNAME_ID = /^[\w.@~+=-]{1,256}$/;

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

function notFound(settings: Settings, path: string): HttpReply {
  const isIce = routeOf({ ...settings, turn_urls: [""] }, path) === "ice";
  const why = isIce ? NO_ICE : NOTHING_HERE;
  return plain(STATUS_CODE.NotFound, `${why}\n${urls(settings)}`);
}

/** The first line of the 404 for a URL that does not exist. */
export const NOTHING_HERE = "Nothing is served here.";
const NO_ICE = "This server has no ICE servers to hand out: its option turn_urls is empty.";

function urls({ path: prefix, turn_urls }: Settings): string {
  const ice = turn_urls.length > 0 ? `  GET ${prefix}<key>/ice     the ICE servers\n` : "";
  return `The URLs of this server are:
  GET ${prefix}              what this is
  GET ${prefix}healthz       whether it runs
  GET ${prefix}readyz        whether it takes new clients
  GET ${prefix}<key>/id      a new id
  GET ${prefix}<key>/peers   the connected peers, where discovery is allowed
${ice}  WebSocket ${prefix}peerjs?key=<key>&id=<id>&token=<token>
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
