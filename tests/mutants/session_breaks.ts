/**
 * Breaks of who holds an id: admitted, taking over, gone.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const CLAIMS = breaksOf("core/rules/session.ts", [
  {
    name: "a takeover gets no OPEN",
    rules: ["OPEN-5"],
    find: "[...effects, close(held.conn, CLOSE.replaced, REPLACED)]",
    put: "[...effects.slice(1), close(held.conn, CLOSE.replaced, REPLACED)]",
  },
  {
    name: "the old socket is not closed on a takeover",
    rules: ["OPEN-5"],
    find: "[...effects, close(held.conn, CLOSE.replaced, REPLACED)]",
    put: "effects",
  },
  {
    name: "the old socket is closed before the new one is told",
    rules: ["OPEN-5"],
    find: "[...effects, close(held.conn, CLOSE.replaced, REPLACED)]",
    put: "[close(held.conn, CLOSE.replaced, REPLACED), ...effects]",
  },
  {
    name: "the old socket keeps its record: it can speak, and its close evicts the newer one",
    rules: ["OPEN-5", "OPEN-9"],
    find: "admit(release(state, held.conn, old), claimant, now)",
    put: "admit(state, claimant, now)",
  },
  {
    name: "an older socket that is opened late wins",
    rules: ["OPEN-5"],
    find: "if (conn < held.conn) return",
    put: "if (false) return",
  },
  {
    name: "a takeover needs room among the clients",
    rules: ["OPEN-6"],
    find: "if (conn < held.conn) return",
    put:
      'if (clientCount(state) >= state.settings.concurrent_limit) return refuse(state, conn, [CLOSE.full, ""]);\n  if (conn < held.conn) return',
  },
  {
    name: "the token is compared to the id",
    rules: ["OPEN-4", "OPEN-5"],
    find: "held.owner !== claimant.owner",
    put: "String(held.owner) !== String(claimant.id)",
  },
  {
    name: "any token takes over",
    rules: ["OPEN-4"],
    find: "if (held.owner !== claimant.owner) {",
    put: "if (false) {",
  },
  {
    name: "concurrent_limit off by one: one client more",
    rules: ["OPEN-7"],
    find: "clientCount(state) < state.settings.concurrent_limit",
    put: "clientCount(state) <= state.settings.concurrent_limit",
  },
  {
    name: "concurrent_limit off by one: one client less",
    rules: ["OPEN-6"],
    find: "clientCount(state) < state.settings.concurrent_limit",
    put: "clientCount(state) + 1 < state.settings.concurrent_limit",
  },
  {
    name: "a takeover from the same address needs a place",
    rules: ["LIMIT-2"],
    find: " && !takesPlace",
    put: "",
  },
  {
    name: "a takeover from another address needs no place",
    rules: ["LIMIT-2"],
    find: "old?.address === address",
    put: "old !== undefined",
  },
  {
    name: "max_sockets_per_address is not looked at",
    rules: ["LIMIT-2"],
    find: "if (!hasAddressRoom(state, address) && !takesPlace) {",
    put: "if (false) {",
  },
  {
    name: "what waits is sent before OPEN",
    rules: ["OPEN-6", "QUEUE-1"],
    find: "[send(conn, OPEN_FRAME), ...queued]",
    put: "[...queued, send(conn, OPEN_FRAME)]",
  },
  {
    name: "what waits is taken out and not sent",
    rules: ["OPEN-6", "QUEUE-5"],
    find: "[send(conn, OPEN_FRAME), ...queued]",
    put: "[send(conn, OPEN_FRAME)]",
  },
  {
    name: "a client is admitted and its id is not recorded",
    rules: ["OPEN-6"],
    find: "claims: mapSet(state.claims, id, claim),",
    put: "",
  },
  {
    name: "a client's first look is a millisecond late",
    rules: ["LIFE-1"],
    find: "const idleCheckAt = idleCheckTime(state.settings, now, claim);",
    put: "const idleCheckAt = millis(idleCheckTime(state.settings, now, claim) + 1);",
  },
  {
    name: "a connection that has an end is looked at for its silence only",
    rules: ["AUTH-6"],
    find: "endsAt === null ? silentAt : Math.min(silentAt, endsAt)",
    put: "silentAt",
  },
  {
    name: "a connection that has an end is not looked at for its silence",
    rules: ["AUTH-6", "LIFE-1"],
    find: "endsAt === null ? silentAt : Math.min(silentAt, endsAt)",
    put: "endsAt === null ? silentAt : endsAt",
  },
  {
    name: "who takes over keeps the end of the older token",
    rules: ["AUTH-6", "AUTH-3"],
    find: "admit(release(state, held.conn, old), claimant, now)",
    put: "admit(release(state, held.conn, old), { ...claimant, endsAt: held.endsAt }, now)",
  },
  {
    name: "tokens end with auth_expiry keep",
    rules: ["AUTH-6"],
    find: 'auth_expiry === "close" && identity.kind',
    put: "identity.kind",
  },
  {
    name: "a token that has ended is admitted",
    rules: ["AUTH-6", "AUTH-2"],
    find: "if (hasEnded) return",
    put: "if (false) return",
  },
  {
    name: "a token ends a moment after its instant",
    rules: ["AUTH-6"],
    find: "endsAt !== null && endsAt <= now",
    put: "endsAt !== null && endsAt < now",
  },
  {
    name: "a token that has ended is refused as one for another id",
    rules: ["AUTH-6"],
    find: "return [CLOSE.notAuthorized, TOKEN_EXPIRED];",
    put: 'return [CLOSE.notAuthorized, "The token is not for this id"];',
  },
  {
    name: "the silence of a new socket counts from the start of the server",
    rules: ["OPEN-5", "LIFE-1"],
    find: "heardAt: now,",
    put: "heardAt: millis(0),",
  },
]);

const ENDS = breaksOf("core/rules/session.ts", [
  {
    name: "a closed socket leaves its id held",
    rules: ["LIFE-2"],
    find: "claims: mapDelete(state.claims, id),",
    put: "",
  },
  {
    name: "a closed socket leaves its deadline",
    rules: ["STATE-3", "FAULT-25"],
    find: "idleCheckAt: removeDeadline(state.idleCheckAt, idleCheckAt, conn),",
    put: "",
  },
  {
    name: "a closed socket leaves its address occupied",
    rules: ["LIMIT-2"],
    find: "...vacate(state, address),",
    put: "...state,",
  },
  {
    name: "shutdown disconnects the newest first",
    rules: ["LIFE-3"],
    find: ".sort((a, b) => a - b)",
    put: ".sort((a, b) => b - a)",
  },
  {
    name: "shutdown keeps the clients on record",
    rules: ["LIFE-3"],
    find: "...initialState(settings), unknownTypes",
    put: "...state, unknownTypes",
  },
  {
    name: "shutdown forgets how many frames were dropped",
    rules: ["MSG-8"],
    find: "...initialState(settings), unknownTypes",
    put: "...initialState(settings)",
  },
  {
    name: "shutdown admits whoever comes after",
    rules: ["LIFE-3"],
    find: "stopping: true",
    put: "stopping: false",
  },
]);

/** Every break of who holds an id. */
export const SESSION_BREAKS: readonly Break[] = [...CLAIMS, ...ENDS];
