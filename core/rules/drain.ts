/**
 * The drain of a server that is about to stop: once load balancers could notice, it takes no new clients, and closes
 * those that it has in waves, so that they come back elsewhere one after the other.
 *
 * The line in which they are closed is that of the idle checks (`State.idleCheckAt`): it is there already. During a
 * drain each message puts its two ends back to where their last sign of life belongs, which is the end of the line.
 *
 * @module
 */
import { firstDeadline, removeDeadline } from "../collections/deadlines.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import { CLOSE, close, type Effect } from "../effect.ts";
import type { DrainRequested } from "../event.ts";
import { type ConnId, type Millis, millis } from "../ids.ts";
import { clientCount, type Drain, type State } from "../state.ts";
import { ROUTE_MS } from "./routes.ts";
import { LAST_WORDS_MS, left, RESTARTING, turnOut } from "./session.ts";

/** The clients of one wave at most: as many claims as one command to the engine gives up. */
export const WAVE_MAX = 256;

/** The shortest time between two waves. */
export const WAVE_MS = 20;

/** Begins a drain. A second one changes nothing. */
export function beginDrain(
  state: State,
  { ms }: DrainRequested,
  now: Millis,
): readonly [State, readonly Effect[]] {
  if (state.stopping || state.drain !== null) return [state, []];
  // The first quarter is for load balancers, which look now and then, and send clients here until they have looked; the
  // last is for clients to come back elsewhere.
  const closesFrom = millis(now + ms / 4);
  const drain: Drain = {
    closesFrom,
    wakeAt: closesFrom,
    closedBy: millis(now + ms * 3 / 4),
    until: millis(now + ms),
    lastCloseAt: closesFrom,
  };
  const note = { kind: "note", what: "drain-began", clients: clientCount(state), ms } as const;
  return [{ ...state, drain }, [note]];
}

/** Closes the next clients, if that is due, and notices the end of the drain. */
export function tendDrain(state: State, now: Millis): readonly [State, readonly Effect[]] {
  const { drain } = state;
  if (drain === null || drain.wakeAt === null || drain.wakeAt > now) return [state, []];
  const count = waveSize(socketCount(state), drain.closedBy - now);
  let next = state;
  const effects: Effect[] = [];
  for (let i = 0; i < count; i++) {
    const { conn } = must(firstDeadline(next.idleCheckAt));
    const [closed, caused] = closeForRestart(next, conn, now);
    effects.push(...caused);
    next = closed;
  }
  const closedAt = count > 0 ? now : drain.lastCloseAt;
  const isOver = now >= drain.until || isEmpty(next, now - closedAt);
  const wakeAt = isOver ? null : nextWave(socketCount(next), drain, now);
  // Who is still there may leave by itself until then.
  const lastCloseAt = socketCount(next) > 0 && wakeAt !== null ? wakeAt : closedAt;
  if (isOver) effects.push({ kind: "note", what: "drain-ended", clients: clientCount(next) });
  return [{ ...next, drain: { ...drain, lastCloseAt, wakeAt } }, effects];
}

function socketCount({ claims, pending }: State): number {
  return claims.size + pending.size;
}

/** How many of `sockets` to close now, so that all are closed in `ms`. */
function waveSize(sockets: number, ms: number): number {
  const share = ms > WAVE_MS ? Math.ceil(sockets * WAVE_MS / ms) : sockets;
  return Math.min(WAVE_MAX, share);
}

function nextWave(sockets: number, { closedBy, until }: Drain, now: Millis): Millis {
  const gap = sockets === 0 ? WAVE_MS : (closedBy - now) / sockets;
  return millis(Math.min(until, now + Math.max(WAVE_MS, gap)));
}

/**
 * Closes a client. Its id is free at once, but what it had said before it heard of the close still counts: its record
 * stays until its socket is closed.
 */
function closeForRestart(
  state: State,
  conn: ConnId,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return turnOut(state, conn, CLOSE.restart, RESTARTING);
  const end = { by: "server", code: CLOSE.restart, reason: RESTARTING } as const;
  return [{
    ...state,
    claims: mapDelete(state.claims, connection.id),
    connections: mapSet(state.connections, conn, { ...connection, leftAt: now }),
    idleCheckAt: removeDeadline(state.idleCheckAt, connection.idleCheckAt, conn),
  }, [
    { ...close(conn, CLOSE.restart, RESTARTING), readsOn: true },
    left(conn, connection, end),
  ]];
}

/**
 * Whether nothing is left to do: nobody is connected, no other node takes this one for the way to somebody, and nothing
 * waits for other nodes. What waits in a server that is alone ends with it.
 */
function isEmpty(state: State, msSinceClose: number): boolean {
  const { connections, cluster, stored } = state;
  if (socketCount(state) > 0) return false;
  if (connections.size > 0 && msSinceClose < LAST_WORDS_MS) return false;
  if (cluster === null) return true;
  return msSinceClose >= ROUTE_MS && stored.size === 0 && cluster.lookAt === null;
}
