/**
 * Who is connected under which id: admit, take over, refuse, leave, close.
 *
 * Sockets are told apart by connection, never by id: what comes late from an old socket cannot touch the
 * newer one that holds its id. A refused socket leaves no trace in the state.
 *
 * @module
 */
import { addDeadline, removeDeadline } from "./deadlines.ts";
import { CLOSE, close, type CloseCode, type Effect, send } from "./effect.ts";
import type { SocketOpened } from "./event.ts";
import { errorFrame, ID_TAKEN_FRAME, OPEN_FRAME } from "./frame.ts";
import {
  type ConnId,
  type Millis,
  millis,
  type PeerId,
  peerId,
  type Token,
  token as asToken,
} from "./ids.ts";
import { drain } from "./mailbox.ts";
import { mapDelete, mapGet, mapHas, mapKeys, mapSet } from "./persistent_map.ts";
import { clientCount, type Connection, initialState, type State } from "./state.ts";

/** Decides about a socket that was just opened: admitted, in place of an older one, or refused. */
export function open(
  state: State,
  event: SocketOpened,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, id, token, key } = event;
  const { settings } = state;
  if (mapHas(state.connections, conn)) return [state, []];
  if (state.stopping) {
    return refuse(state, conn, CLOSE.shutdown, STOPPING);
  }
  if (!id || !token || !key) {
    return refuse(state, conn, CLOSE.badParameters, MISSING_PARAMETER);
  }
  if (key !== settings.key) return refuse(state, conn, CLOSE.wrongKey, "Invalid key provided");
  const problem = problemOf("id", id, settings.max_id_length) ??
    problemOf("token", token, settings.max_token_length);
  if (problem !== null) return refuse(state, conn, CLOSE.badParameters, problem);
  return claim(state, { conn, id: peerId(id), token: asToken(token) }, now);
}

/** Clears the record of a connection: its id is free again. What waits for it or from it stays. */
export function release(state: State, conn: ConnId, { id, lookAt }: Connection): State {
  return {
    ...state,
    claims: mapDelete(state.claims, id),
    connections: mapDelete(state.connections, conn),
    lookAt: removeDeadline(state.lookAt, lookAt, conn),
  };
}

/** Clears the record of a socket that is closed, if it still has one. */
export function closed(state: State, conn: ConnId): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  return [connection === undefined ? state : release(state, conn, connection), []];
}

/**
 * Disconnects everybody, oldest connection first, and admits nobody from now on: the one walk over all
 * clients, at the end.
 */
export function shutDown(state: State): readonly [State, readonly Effect[]] {
  const conns = [...mapKeys(state.connections)].sort((a, b) => a - b);
  const effects = conns.map((conn) => close(conn, CLOSE.shutdown, STOPPING));
  const { settings, unknownTypes } = state;
  return [{ ...initialState(settings), unknownTypes, stopping: true }, effects];
}

interface Claimant {
  readonly conn: ConnId;
  readonly id: PeerId;
  readonly token: Token;
}

const MISSING_PARAMETER = "No id, token, or key supplied to websocket server";
const STOPPING = "Server is shutting down";
const CONTROL = /\p{Cc}/u;

function claim(
  state: State,
  claimant: Claimant,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, id } = claimant;
  const held = mapGet(state.claims, id);
  if (held === undefined) {
    if (clientCount(state) < state.settings.concurrent_limit) return admit(state, claimant, now);
    return refuse(state, conn, CLOSE.full, "Server has reached its concurrent user limit");
  }
  if (held.token !== claimant.token) {
    const effects = [send(conn, ID_TAKEN_FRAME), close(conn, CLOSE.idTaken, "ID is taken")];
    return [state, effects];
  }
  const old = mapGet(state.connections, held.conn);
  const cleared = old === undefined ? state : release(state, held.conn, old);
  const [next, effects] = admit(cleared, claimant, now);
  const reason = "Replaced by a newer connection with the same id and token";
  return [next, [...effects, close(held.conn, CLOSE.replaced, reason)]];
}

function admit(
  state: State,
  { conn, id, token }: Claimant,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const lookAt = millis(now + state.settings.alive_timeout);
  const connection: Connection = { id, heardAt: now, lookAt, badFrames: 0 };
  const recorded: State = {
    ...state,
    claims: mapSet(state.claims, id, { conn, token }),
    connections: mapSet(state.connections, conn, connection),
    lookAt: addDeadline(state.lookAt, lookAt, conn),
  };
  const [next, queued] = drain(recorded, id, conn);
  return [next, [send(conn, OPEN_FRAME), ...queued]];
}

function refuse(
  state: State,
  conn: ConnId,
  code: CloseCode,
  msg: string,
): readonly [State, readonly Effect[]] {
  return [state, [send(conn, errorFrame(msg)), close(conn, code, msg)]];
}

function problemOf(name: string, value: string, maxLength: number): string | null {
  if (value.length > maxLength) {
    return `The ${name} has ${value.length} characters: at most ${maxLength} are allowed`;
  }
  if (CONTROL.test(value)) return `The ${name} has control characters in it`;
  return null;
}
