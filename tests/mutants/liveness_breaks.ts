/**
 * Breaks of who has been silent too long.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of how silence is noticed. */
export const LIVENESS_BREAKS: readonly Break[] = breaksOf("core/rules/liveness.ts", [
  {
    name: "a good frame costs none of its bytes",
    rules: ["LIMIT-11"],
    find: "{ ...connection, paidUntil, bytesPaidUntil, heardAt",
    put: "{ ...connection, paidUntil, heardAt",
  },
  {
    name: "a client that answers no ping stays",
    rules: ["LIFE-4"],
    find: "return [release(state, conn, connection), [close(conn, CLOSE.unanswered, reason)]];",
    put: "return [state, []];",
  },
  {
    name: "a client that answers no ping keeps its id",
    rules: ["LIFE-4"],
    find: "return [release(state, conn, connection), [close(conn, CLOSE.unanswered, reason)]];",
    put: "return [state, [close(conn, CLOSE.unanswered, reason)]];",
  },
  {
    name: "bad frames are not forgiven by a good one",
    rules: ["MSG-7"],
    find: "heardAt: now, badFrames: 0 }",
    put: "heardAt: now }",
  },
  {
    name: "a good frame costs nothing of the rate",
    rules: ["LIMIT-1"],
    find: "{ ...connection, paidUntil, bytesPaidUntil, heardAt",
    put: "{ ...connection, bytesPaidUntil, heardAt",
  },
  {
    name: "nothing refreshes",
    rules: ["MSG-5", "LIFE-1"],
    find: "heardAt: now, badFrames: 0 }",
    put: "badFrames: 0 }",
  },
  {
    name: "alive_timeout off by one: a millisecond early",
    rules: ["LIFE-1"],
    find: "connection.heardAt + alive_timeout > first.at",
    put: "connection.heardAt + alive_timeout > first.at + 1",
  },
  {
    name: "a client is never silent too long at its deadline",
    rules: ["LIFE-1"],
    find: "connection.heardAt + alive_timeout > first.at",
    put: "connection.heardAt + alive_timeout >= first.at",
  },
  {
    name: "a late tick disconnects in the order of the looks",
    rules: ["LIFE-1"],
    find: "connection.heardAt + alive_timeout > first.at",
    put: "connection.heardAt + alive_timeout > now",
  },
  {
    name: "silence is looked at a millisecond early",
    rules: ["LIFE-1", "STATE-2"],
    find: "if (first === null || first.at > now)",
    put: "if (first === null || first.at > now + 1)",
  },
  {
    name: "silence is not looked at when it is due",
    rules: ["LIFE-1", "STATE-2"],
    find: "if (first === null || first.at > now)",
    put: "if (first === null || first.at >= now)",
  },
  {
    name: "whoever times out keeps its socket",
    rules: ["LIFE-1"],
    find: "effects.push(close(conn, CLOSE.timedOut, `No valid message for ${alive_timeout} ms`));",
    put: "",
  },
  {
    name: "whoever times out keeps its record",
    rules: ["LIFE-1"],
    find: "next = release(next, conn, connection);",
    put: "next = { ...next, idleCheckAt: removeDeadline(next.idleCheckAt, first.at, conn) };",
  },
  {
    name: "a second look comes a millisecond late",
    rules: ["LIFE-1"],
    find: "const idleCheckAt = idleCheckTime(state.settings, connection.heardAt, claim);",
    put:
      "const idleCheckAt = (idleCheckTime(state.settings, connection.heardAt, claim) + 1) as Millis;",
  },
  {
    name: "nobody is disconnected when its token ends",
    rules: ["AUTH-6"],
    find: "claim.endsAt !== null && claim.endsAt <= first.at",
    put: "false",
  },
  {
    name: "a token that ends in the instant of silence does not count",
    rules: ["AUTH-6"],
    find: "claim.endsAt <= first.at",
    put: "claim.endsAt < first.at",
  },
  {
    name: "a late tick takes silence for the end of a token",
    rules: ["AUTH-6", "LIFE-1"],
    find: "claim.endsAt <= first.at",
    put: "claim.endsAt <= now",
  },
  {
    name: "whose token ends is not told why",
    rules: ["AUTH-6"],
    find: "effects.push(send(conn, errorFrame(TOKEN_EXPIRED)));",
    put: "",
  },
  {
    name: "whose token ends keeps its socket",
    rules: ["AUTH-6"],
    find: "effects.push(close(conn, CLOSE.tokenExpired, TOKEN_EXPIRED));",
    put: "",
  },
  {
    name: "whose token ends is closed as one that was silent",
    rules: ["AUTH-6"],
    find: "CLOSE.tokenExpired, TOKEN",
    put: "CLOSE.timedOut, TOKEN",
  },
  {
    name: "the old look at a client stays",
    rules: ["LIFE-1", "STATE-3"],
    find:
      "addDeadline(removeDeadline(state.idleCheckAt, connection.idleCheckAt, conn), idleCheckAt, conn)",
    put: "addDeadline(state.idleCheckAt, idleCheckAt, conn)",
  },
]);
