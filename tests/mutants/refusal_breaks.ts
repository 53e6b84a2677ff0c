/**
 * Breaks of who is refused, whoever else is there.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of who is refused. */
export const REFUSAL_BREAKS: readonly Break[] = breaksOf("core/rules/session.ts", [
  {
    name: "a held id is looked at, however many wrong tokens there were",
    rules: ["LIMIT-3"],
    find: "if (!claimant.isProven && !mayTryToken(state, address, now)) {",
    put: "if (false) {",
  },
  {
    name: "a proven subject is stopped by the wrong tokens of its neighbours",
    rules: ["LIMIT-3", "AUTH-3"],
    find: "if (!claimant.isProven && !mayTryToken",
    put: "if (!mayTryToken",
  },
  {
    name: "a token that was proven counts as a wrong one",
    rules: ["LIMIT-3"],
    find: "claimant.isProven ? state : countWrongToken(state, address, now)",
    put: "countWrongToken(state, address, now)",
  },
  {
    name: "a wrong token does not count",
    rules: ["LIMIT-3"],
    find: "claimant.isProven ? state : countWrongToken(state, address, now)",
    put: "state",
  },
  {
    name: "ID-TAKEN leaves the socket open",
    rules: ["OPEN-4"],
    find: ", close(conn, CLOSE.idTaken, reason)]]",
    put: "]]",
  },
  {
    name: "a socket that holds an id may open another",
    rules: ["OPEN-9"],
    find: "if (mapHas(state.connections, conn)) return [state, []];",
    put: "",
  },
  {
    name: "a server that stops admits",
    rules: ["LIFE-3"],
    find: "if (state.stopping) return",
    put: "if (false) return",
  },
  {
    name: "a missing key is a wrong key",
    rules: ["OPEN-1"],
    find: "if (!id || token === null || key === null) return",
    put: "if (!id || token === null) return",
  },
  {
    name: "any key opens",
    rules: ["OPEN-2"],
    find: 'if (key === "wrong") return',
    put: "if (key === null) return",
  },
  {
    name: "the length of the id is looked at before the key",
    rules: ["OPEN-2", "OPEN-3"],
    find: 'if (key === "wrong") return',
    put:
      'if (key === "wrong" && lengthProblem("id", id.length, settings.max_id_length) === null) return',
  },
  {
    name: "the key is looked at before what is missing",
    rules: ["OPEN-1", "OPEN-2"],
    find: "if (!id || token === null || key === null) return",
    put:
      'if (key === "wrong") return refuse(state, conn, [CLOSE.wrongKey, "Invalid key provided"]);\n  if (!id || token === null || key === null) return',
  },
  {
    name: "a page of any origin may open a socket",
    rules: ["OPEN-10"],
    find: "if (origin !== null && !ownOrigin && !isOriginAllowed(settings, origin)) {",
    put: "if (false) {",
  },
  {
    name: "a page of the server's own origin needs to be listed",
    rules: ["OPEN-10"],
    find: "origin !== null && !ownOrigin && ",
    put: "origin !== null && ",
  },
  {
    name: "the length of the query is looked at before the origin",
    rules: ["OPEN-3", "OPEN-10"],
    find: "if (origin !== null && !ownOrigin && !isOriginAllowed(settings, origin)) {",
    put:
      "if (origin !== null && !ownOrigin && !isOriginAllowed(settings, origin) && queryLength <= settings.max_query_length) {",
  },
  {
    name: "a client without an Origin is refused where origins are listed",
    rules: ["OPEN-10"],
    find: "origin !== null && !ownOrigin && !isOriginAllowed(settings, origin)",
    put: '!ownOrigin && !isOriginAllowed(settings, origin ?? "")',
  },
  {
    name: "max_query_length off by one",
    rules: ["OPEN-3"],
    find: "settings.max_query_length)",
    put: "settings.max_query_length + 1)",
  },
  {
    name: "max_id_length off by one",
    rules: ["OPEN-3"],
    find: "settings.max_id_length)",
    put: "settings.max_id_length + 1)",
  },
  {
    name: "max_token_length off by one",
    rules: ["OPEN-3"],
    find: "settings.max_token_length)",
    put: "settings.max_token_length + 1)",
  },
  {
    name: "a length of just the limit is refused",
    rules: ["OPEN-3"],
    find: "if (length <= maxLength) return null;",
    put: "if (length < maxLength) return null;",
  },
  {
    name: "control characters are accepted",
    rules: ["OPEN-3"],
    find: "return hasControl ?",
    put: "return name === String(hasControl) ?",
  },
  {
    name: "an identity that was rejected is admitted",
    rules: ["AUTH-2"],
    find: 'if (identity.kind === "rejected")',
    put: "if (false)",
  },
  {
    name: "what a token proves is looked at before its length",
    rules: ["OPEN-3", "AUTH-2"],
    find: "if (problem !== null) return [CLOSE",
    put: 'if (problem !== null && identity.kind !== "rejected") return [CLOSE',
  },
  {
    name: "a token that nobody checked is admitted where tokens must be",
    rules: ["AUTH-1"],
    find: 'settings.auth !== "none" && identity.kind === "unchecked"',
    put: "false",
  },
  {
    name: "the claim peers is ignored",
    rules: ["AUTH-1"],
    find: "!identity.ids.includes(id)",
    put: "identity.ids[0] !== id",
  },
  {
    name: "a token that proves something opens any id",
    rules: ["AUTH-1"],
    find: "!identity.ids.includes(id)",
    put: "identity.ids.length === 0",
  },
  {
    name: "an id belongs to the token, not to the subject it proves",
    rules: ["AUTH-3"],
    find: 'identity.kind === "proven" ? identity : token',
    put: "token",
  },
  {
    name: "an address of IPv6 counts alone",
    rules: ["LIMIT-2", "LIMIT-10"],
    find: "addressGroup(event.address)",
    put: "event.address",
  },
  {
    name: "a socket is closed without the ERROR that says why",
    rules: ["OPEN-2", "OPEN-7"],
    find: "[send(conn, errorFrame(msg)), close(conn, code, msg)]",
    put: "[close(conn, code, msg)]",
  },
  {
    name: "a socket that is refused is not closed",
    rules: ["OPEN-2", "OPEN-7"],
    find: "[send(conn, errorFrame(msg)), close(conn, code, msg)]",
    put: "[send(conn, errorFrame(msg))]",
  },
]);
