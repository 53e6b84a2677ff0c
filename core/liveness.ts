/**
 * Who has been silent too long.
 *
 * A valid message only notes when it came. A connection's place among the deadlines is corrected when
 * the old deadline comes up, so a heartbeat costs one write, and a tick costs what is due.
 *
 * @module
 */
import { addDeadline, firstDeadline, removeDeadline } from "./deadlines.ts";
import { CLOSE, close, type Effect } from "./effect.ts";
import { type ConnId, type Millis, millis } from "./ids.ts";
import { must } from "./must.ts";
import { mapGet, mapSet } from "./persistent_map.ts";
import { release } from "./session.ts";
import type { Connection, State } from "./state.ts";

/** What a connection's messages so far have used up. */
export type Paid = Pick<Connection, "paidUntil" | "bytesPaidUntil">;

/** A connection on which a valid message came that is paid for: it is alive, and its bad frames are forgiven. */
export function hear(connection: Connection, paid: Paid, now: Millis): Connection {
  const { paidUntil, bytesPaidUntil } = paid;
  return { ...connection, paidUntil, bytesPaidUntil, heardAt: now, badFrames: 0 };
}

/** Disconnects every client from which no valid message came for `alive_timeout`. */
export function timeOut(state: State, now: Millis): readonly [State, readonly Effect[]] {
  const { alive_timeout } = state.settings;
  const effects: Effect[] = [];
  let next = state;
  for (;;) {
    const first = firstDeadline(next.lookAt);
    if (first === null || first.at > now) return [next, effects];
    const { conn } = first;
    const connection = must(mapGet(next.connections, conn));
    if (connection.heardAt + alive_timeout > first.at) {
      // Even where that is due as well: whoever was silent first is disconnected first.
      next = lookLater(next, conn, connection);
    } else {
      next = release(next, conn, connection);
      effects.push(close(conn, CLOSE.timedOut, `No valid message for ${alive_timeout} ms`));
    }
  }
}

/** Disconnects a client that answers no pings: it is gone, or stands still. */
export function leaveUnanswered(
  state: State,
  conn: ConnId,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return [state, []];
  const reason = `No answer to a ping for ${state.settings.ping_timeout} ms`;
  return [release(state, conn, connection), [close(conn, CLOSE.unanswered, reason)]];
}

function lookLater(state: State, conn: ConnId, connection: Connection): State {
  const lookAt = millis(connection.heardAt + state.settings.alive_timeout);
  return {
    ...state,
    connections: mapSet(state.connections, conn, { ...connection, lookAt }),
    lookAt: addDeadline(removeDeadline(state.lookAt, connection.lookAt, conn), lookAt, conn),
  };
}
