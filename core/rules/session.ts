/**
 * Who is connected under which id: admit, take over, refuse, leave, close.
 *
 * Sockets are told apart by connection, never by id: what comes late from an old socket cannot touch the
 * newer one that holds its id. A refused socket leaves no trace in the state, but for the count of a wrong token.
 *
 * @module
 */
import { addressGroup } from "./address.ts";
import { addDeadline, removeDeadline } from "../collections/deadlines.ts";
import { CLOSE, close, type CloseCode, type Effect, send } from "../effect.ts";
import type { Identity, SocketOpened, Token } from "../event.ts";
import { errorFrame, ID_TAKEN_FRAME, OPEN_FRAME } from "../wire/frame.ts";
import { countWrongToken, hasAddressRoom, mayTryToken, occupy, vacate } from "./allowance.ts";
import {
  type ConnId,
  hasControl,
  type Millis,
  millis,
  type Owner,
  type PeerId,
  peerId,
} from "../ids.ts";
import { drain } from "./mailbox.ts";
import { isOriginAllowed } from "./origin.ts";
import { mapDelete, mapGet, mapHas, mapKeys, mapSet } from "../collections/persistent_map.ts";
import type { Settings } from "../settings/options.ts";
import { type Claim, clientCount, type Connection, initialState, type State } from "../state.ts";

/** Decides about a socket that was just opened: admitted, in place of an older one, or refused. */
export function open(
  state: State,
  event: SocketOpened,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, id, token, key, identity } = event;
  if (mapHas(state.connections, conn)) return [state, []];
  const address = addressGroup(event.address);
  if (state.stopping) return refuse(state, conn, [CLOSE.shutdown, STOPPING]);
  if (!id || token === null || key === null) return refuse(state, conn, MISSING_PARAMETER);
  const endsAt = endOf(state.settings, identity);
  const hasEnded = endsAt !== null && endsAt <= now;
  const refusal = refusalOf(state.settings, event, { id, token, hasEnded });
  if (refusal !== null) return refuse(state, conn, refusal);
  const isProven = identity.kind === "proven";
  const { owner } = identity.kind === "proven" ? identity : token;
  const claimant = { conn, id: peerId(id), owner, isProven, endsAt, address };
  return claim(state, claimant, now);
}

/** When a connection is to be looked at: when it may have been silent too long, or its token ends. */
export function lookTime(
  { alive_timeout }: Settings,
  heardAt: Millis,
  { endsAt }: Pick<Claim, "endsAt">,
): Millis {
  const silentAt = heardAt + alive_timeout;
  return millis(endsAt === null ? silentAt : Math.min(silentAt, endsAt));
}

/** Clears the record of a connection: its id is free again. What waits for it or from it stays. */
export function release(
  state: State,
  conn: ConnId,
  { id, lookAt, address }: Connection,
): State {
  return {
    ...vacate(state, address),
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
  readonly owner: Owner;
  /** Its token was checked: to give another is no guess. */
  readonly isProven: boolean;
  readonly endsAt: Millis | null;
  readonly address: string;
}

type Refusal = readonly [CloseCode, string];

/** What a client is told whose token ends, while it is connected or before. */
export const TOKEN_EXPIRED = "The token has expired";

const NOBODY: readonly PeerId[] = [];
const STOPPING = "Server is shutting down";
const REPLACED = "Replaced by a newer connection with the same id and token";
const MISSING_PARAMETER: Refusal = [
  CLOSE.badParameters,
  "No id, token, or key supplied to websocket server",
];

/** When a client is to be disconnected because its token ends; `null` where it stays. */
function endOf({ auth_expiry }: Settings, identity: Identity): Millis | null {
  return auth_expiry === "close" && identity.kind === "proven" ? identity.endsAt : null;
}

/** Why a socket is refused, whoever else is there; `null` where it is not. */
function refusalOf(
  settings: Settings,
  { key, origin, ownOrigin, queryLength, identity }: SocketOpened,
  { id, token, hasEnded }: {
    readonly id: string;
    readonly token: Token;
    readonly hasEnded: boolean;
  },
): Refusal | null {
  if (key === "wrong") return [CLOSE.wrongKey, "Invalid key provided"];
  if (origin !== null && !ownOrigin && !isOriginAllowed(settings, origin)) {
    return [CLOSE.wrongOrigin, "Pages of this origin may not use this server"];
  }
  const problem = lengthProblem("query", queryLength, settings.max_query_length) ??
    lengthProblem("id", id.length, settings.max_id_length) ??
    controlProblem("id", hasControl(id)) ??
    lengthProblem("token", token.length, settings.max_token_length) ??
    controlProblem("token", token.hasControl);
  if (problem !== null) return [CLOSE.badParameters, problem];
  if (settings.auth !== "none" && identity.kind === "unchecked") {
    return [CLOSE.notAuthorized, "The token was not checked"];
  }
  if (identity.kind === "rejected") return [CLOSE.notAuthorized, identity.reason];
  if (hasEnded) return [CLOSE.notAuthorized, TOKEN_EXPIRED];
  if (identity.kind === "proven" && !identity.ids.includes(id)) {
    return [CLOSE.notAuthorized, "The token is not for this id"];
  }
  return null;
}

function claim(
  state: State,
  claimant: Claimant,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, id, address } = claimant;
  const held = mapGet(state.claims, id);
  const old = held === undefined ? undefined : mapGet(state.connections, held.conn);
  if (held !== undefined) {
    if (!claimant.isProven && !mayTryToken(state, address, now)) {
      return idTaken(
        state,
        conn,
        "ID is taken, and its token not looked at: too many wrong ones came",
      );
    }
    if (held.owner !== claimant.owner) {
      const counted = claimant.isProven ? state : countWrongToken(state, address, now);
      return idTaken(counted, conn, "ID is taken");
    }
  }
  const takesPlace = old?.address === address;
  if (!hasAddressRoom(state, address) && !takesPlace) {
    return refuse(state, conn, [CLOSE.tooMany, "Too many connections from this address"]);
  }
  if (held === undefined || old === undefined) {
    if (clientCount(state) < state.settings.concurrent_limit) return admit(state, claimant, now);
    return refuse(state, conn, [CLOSE.full, "Server has reached its concurrent user limit"]);
  }
  // Sockets can be opened in another order than they came in: the older one is obsolete, not the newer.
  if (conn < held.conn) return [state, [close(conn, CLOSE.replaced, REPLACED)]];
  const [next, effects] = admit(release(state, held.conn, old), claimant, now);
  return [next, [...effects, close(held.conn, CLOSE.replaced, REPLACED)]];
}

function admit(
  state: State,
  { conn, id, owner, endsAt, address }: Claimant,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const claim = { conn, owner, endsAt };
  const lookAt = lookTime(state.settings, now, claim);
  const connection: Connection = {
    id,
    heardAt: now,
    lookAt,
    badFrames: 0,
    paidUntil: now,
    bytesPaidUntil: now,
    address,
    toldFull: NOBODY,
  };
  const recorded: State = {
    ...occupy(state, address),
    claims: mapSet(state.claims, id, claim),
    connections: mapSet(state.connections, conn, connection),
    lookAt: addDeadline(state.lookAt, lookAt, conn),
  };
  const [next, queued] = drain(recorded, id, conn);
  return [next, [send(conn, OPEN_FRAME), ...queued]];
}

function refuse(
  state: State,
  conn: ConnId,
  [code, msg]: Refusal,
): readonly [State, readonly Effect[]] {
  return [state, [send(conn, errorFrame(msg)), close(conn, code, msg)]];
}

function idTaken(
  state: State,
  conn: ConnId,
  reason: string,
): readonly [State, readonly Effect[]] {
  return [state, [send(conn, ID_TAKEN_FRAME), close(conn, CLOSE.idTaken, reason)]];
}

function controlProblem(name: string, hasControl: boolean): string | null {
  return hasControl ? `The ${name} has control characters in it` : null;
}

function lengthProblem(name: string, length: number, maxLength: number): string | null {
  if (length <= maxLength) return null;
  return `The ${name} has ${length} characters: at most ${maxLength} are allowed`;
}
