/**
 * Disconnects clients that are silent for too long, whose token has ended, or that the operator dismisses.
 *
 * A valid message only sets `heardAt`. The connection's deadline is corrected when the old one is due, so
 * a heartbeat costs one map write, and a tick costs only what is due.
 *
 * @module
 */
import { firstDeadline } from "../collections/deadlines.ts";
import { CLOSE, type Effect, say } from "../effect.ts";
import type { ClientDismissed } from "../event.ts";
import type { ConnId, Millis } from "../ids.ts";
import { must } from "../collections/must.ts";
import { mapGet } from "../collections/persistent_map.ts";
import { rescheduleIdleCheck } from "./idle_check.ts";
import { closed, disconnect, TOKEN_EXPIRED, turnOut } from "./session.ts";
import type { Connection, State } from "../state.ts";

/** The rates of a connection after a frame was paid for. */
export type Paid = Pick<Connection, "paidUntil" | "bytesPaidUntil">;

/** Returns the connection after a valid message: `heardAt` is now, and the count of bad frames is 0. */
export function markAlive(connection: Connection, paid: Paid, now: Millis): Connection {
  const { paidUntil, bytesPaidUntil } = paid;
  return { ...connection, paidUntil, bytesPaidUntil, heardAt: now, badFrames: 0 };
}

/**
 * Disconnects every client that sent no valid message for `alive_timeout`, or whose token has ended, and every
 * socket whose check of the token takes too long.
 */
export function timeOut(state: State, now: Millis): readonly [State, readonly Effect[]] {
  const { alive_timeout } = state.rules;
  const effects: Effect[] = [];
  let next = state;
  for (;;) {
    const first = firstDeadline(next.idleCheckAt);
    if (first === null || first.at > now) return [next, effects];
    const { conn } = first;
    const connection = mapGet(next.connections, conn);
    if (connection === undefined) {
      const [out, ended] = timeOutPending(next, conn);
      effects.push(...ended);
      next = out;
      continue;
    }
    const claim = must(mapGet(next.claims, connection.id));
    const hasEnded = claim.endsAt !== null && claim.endsAt <= first.at;
    if (!hasEnded && connection.heardAt + alive_timeout > first.at) {
      // Even if the new deadline is due too: clients are disconnected in the order of their deadlines.
      next = rescheduleIdleCheck(next, claim, connection);
      continue;
    }
    const { id } = connection;
    if (hasEnded) effects.push(say(conn, { kind: "error", msg: TOKEN_EXPIRED, to: id }));
    const [left, ended] = hasEnded
      ? disconnect(next, claim, CLOSE.tokenExpired, TOKEN_EXPIRED)
      : disconnect(next, claim, CLOSE.timedOut, `No valid message for ${alive_timeout} ms`);
    next = left;
    effects.push(...ended);
  }
}

/** Disconnects a client that answers no pings. */
export function leaveUnanswered(
  state: State,
  conn: ConnId,
): readonly [State, readonly Effect[]] {
  const reason = `No answer to a ping for ${state.rules.ping_timeout} ms`;
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return turnOut(state, conn, CLOSE.unanswered, reason);
  if (connection.leftAt !== null) {
    return closed(state, conn, { by: "server", code: CLOSE.unanswered, reason });
  }
  return disconnect(state, { conn }, CLOSE.unanswered, reason);
}

/** Disconnects the client that holds an id, if there is one, and tells it why. */
export function dismiss(
  state: State,
  { id, reason }: ClientDismissed,
): readonly [State, readonly Effect[]] {
  const claim = mapGet(state.claims, id);
  if (claim === undefined) return [state, []];
  const msg = reason ?? DISMISSED;
  const told = say(claim.conn, { kind: "error", msg, to: id });
  const [next, ended] = disconnect(state, claim, CLOSE.dismissed, msg);
  return [next, [told, ...ended]];
}

const DISMISSED = "Disconnected by the operator of this server";

/** An `ERROR` destroys the client's `Peer`. Without one it comes again, which helps a socket that waits for a claim. */
function timeOutPending(state: State, conn: ConnId): readonly [State, readonly Effect[]] {
  if (mapGet(state.pending, conn)?.claim !== null) {
    return turnOut(state, conn, CLOSE.tryAgainLater, UNCLAIMED);
  }
  const [out, ended] = turnOut(state, conn, CLOSE.notAuthorized, UNCHECKED);
  return [out, [say(conn, { kind: "error", msg: UNCHECKED, to: null }), ...ended]];
}

const UNCHECKED = "The token could not be checked in time";
const UNCLAIMED = "The cluster did not answer in time";
