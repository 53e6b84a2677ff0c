/**
 * Breaks of the answers over HTTP.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what is answered over HTTP. */
export const HTTP_BREAKS: readonly Break[] = breaksOf("core/http.ts", [
  {
    name: "the prefix without its last slash is not found",
    rules: ["HTTP-1"],
    find: " || `${path}/` === prefix",
    put: "",
  },
  {
    name: "the seed's description has another word",
    rules: ["HTTP-1"],
    find: "A server side element",
    put: "A server-side element",
  },
  {
    name: "an id comes with a newline",
    rules: ["HTTP-2"],
    find: "return ok(TEXT_TYPE, id);",
    put: "return ok(TEXT_TYPE, `${id}\\n`);",
  },
  {
    name: "an id comes as HTML",
    rules: ["HTTP-2"],
    find: 'TEXT_TYPE = "text/plain',
    put: 'TEXT_TYPE = "text/html',
  },
  {
    name: "an id that is held is suggested",
    rules: ["HTTP-2"],
    find: " && !mapHas(state.claims, id)",
    put: "",
  },
  {
    name: "a generator is given up one id later",
    rules: ["HTTP-9"],
    find: "i < SUGGESTIONS_MAX",
    put: "i <= SUGGESTIONS_MAX",
  },
  {
    name: "a percent-encoded key is wrong",
    rules: ["HTTP-2"],
    find: "isKey(key, givenKey)",
    put: "givenKey === key",
  },
  {
    name: "peers are refused with a status that the client does not explain",
    rules: ["HTTP-3"],
    find: "plain(STATUS_CODE.Unauthorized, NO_DISCOVERY)",
    put: "plain(STATUS_CODE.Forbidden, NO_DISCOVERY)",
  },
  {
    name: "peers are listed whether discovery is allowed or not",
    rules: ["HTTP-3"],
    find: "return state.settings.allow_discovery",
    put: "return true",
  },
  {
    name: "the list of peers is made anew for everybody who asks",
    rules: ["HTTP-3"],
    find: "ok(JSON_TYPE, listPeers(state))",
    put: "ok(JSON_TYPE, peerList(state))",
  },
  {
    name: "a wrong key is accepted over HTTP",
    rules: ["HTTP-4"],
    find: 'isKey(key, givenKey) ? method : "wrong-key"',
    put: "method",
  },
  {
    name: "a path with other escapes is another path",
    rules: ["SET-8"],
    find: "const path = normalPath(given);",
    put: "const path = given;",
  },
  {
    name: "the header Authorization may not be sent",
    rules: ["HTTP-8"],
    find: '"*, Authorization"',
    put: '"*"',
  },
  {
    name: "a wrong key is not found",
    rules: ["HTTP-4"],
    find: "plain(STATUS_CODE.Unauthorized, WRONG_KEY)",
    put: "notFound(state.settings)",
  },
  {
    name: "the path of the sockets is not found without an upgrade",
    rules: ["HTTP-5"],
    find: "return upgradeRequired(state.settings);",
    put: "return notFound(state.settings);",
  },
  {
    name: "HEAD is not allowed",
    rules: ["HTTP-6"],
    find: ' && method !== "HEAD"',
    put: "",
  },
  {
    name: "HEAD answers with a body",
    rules: ["HTTP-6"],
    find: 'request.method === "HEAD" ? "" : reply.body',
    put: "reply.body",
  },
  {
    name: "a preflight is not allowed",
    rules: ["HTTP-6"],
    find: 'if (method === "OPTIONS") return preflight(route);',
    put: "",
  },
  {
    name: "405 does not say what is allowed",
    rules: ["HTTP-6"],
    find: "{ ...reply, headers: { ...reply.headers, allow: ALLOWED_METHODS } }",
    put: "reply",
  },
  {
    name: "404 names no URLs",
    rules: ["HTTP-7"],
    find: "`Nothing is served here.\\n${urls(settings)}`",
    put: '"Nothing is served here."',
  },
  {
    name: "a path with more behind it is the path",
    rules: ["HTTP-7"],
    find: "parts.length !== 2",
    put: "parts.length < 2",
  },
  {
    name: "a path outside the prefix is served",
    rules: ["HTTP-7"],
    find: 'if (!path.startsWith(prefix)) return "none";',
    put: "",
  },
  {
    name: "an empty key is a wrong key, not another path",
    rules: ["HTTP-7"],
    find: ' || givenKey === ""',
    put: "",
  },
  {
    name: "CORS headers are missing on errors",
    rules: ["HTTP-8"],
    find: "...corsHeaders(state.settings, request.origin) };",
    put: "...(reply.status < 400 ? corsHeaders(state.settings, request.origin) : {}) };",
  },
  {
    name: "CORS headers are missing on what an adapter refuses",
    rules: ["HTTP-8"],
    find: "...refused.headers, ...corsHeaders(settings, origin) }",
    put: "...refused.headers }",
  },
  {
    name: "every origin is echoed",
    rules: ["HTTP-8"],
    find: "origin === null || !isOriginAllowed(settings, origin)",
    put: "origin === null",
  },
  {
    name: "the first origin of the list is sent to all of them",
    rules: ["HTTP-8"],
    find: '"access-control-allow-origin": origin,',
    put: '"access-control-allow-origin": settings.cors[0] ?? "",',
  },
  {
    name: "a cache may give one origin's answer to another",
    rules: ["HTTP-8"],
    find: 'return { vary: "Origin" };',
    put: "return {};",
  },
  {
    name: "auth_http asks for no token",
    rules: ["AUTH-5"],
    find: "return auth_http && (route",
    put: "return false && (route",
  },
  {
    name: "auth_http asks for a token for an id only",
    rules: ["AUTH-5"],
    find: '(route === "id" || route === "peers")',
    put: '(route === "id")',
  },
  {
    name: "auth_http takes a token that nobody checked",
    rules: ["AUTH-5"],
    find: 'request.identity.kind !== "proven"',
    put: 'request.identity.kind === "rejected"',
  },
  {
    name: "a missing token is refused without WWW-Authenticate",
    rules: ["AUTH-5"],
    find: '{ ...refused, headers: { ...refused.headers, "www-authenticate": "Bearer" } }',
    put: "refused",
  },
]);
