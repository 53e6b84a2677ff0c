/**
 * Who holds which id: admit, take over, refuse, leave, close.
 *
 * Sockets are identified by connection, never by id: a late event of an old socket cannot affect the newer one that
 * holds its id. A refused socket leaves nothing in the state, except the count of a wrong token.
 *
 * @module
 */
import { addressGroup } from "./address.ts";
import { addDeadline, removeDeadline } from "../collections/deadlines.ts";
import {
  type Admitted,
  CLOSE,
  close,
  type CloseCode,
  type Effect,
  type Left,
  type Refused,
  say,
} from "../effect.ts";
import type { SocketOpened, Token } from "../event.ts";
import { countWrongToken, hasAddressRoom, mayTryToken, occupy, vacate } from "./allowance.ts";
import { type ConnId, hasControl, type Millis, type Owner, type PeerId, peerId } from "../ids.ts";
import { must } from "../collections/must.ts";
import { ask, clusterOf, withoutWork } from "./ask.ts";
import { flush } from "./courier.ts";
import { drain } from "./mailbox.ts";
import { idleCheckTime } from "./idle_check.ts";
import { isOriginAllowed } from "./origin.ts";
import { CLAIM_MAX_MS, hasPendingRoom, PENDING_MAX_MS, takePending, wait } from "./pending.ts";
import { mapDelete, mapGet, mapHas, mapKeys, mapSet } from "../collections/persistent_map.ts";
import type { Rules } from "../settings/rules.ts";
import { type Claim, clientCount, type Connection, initialState, type State } from "../state.ts";

/**
 * Handles an opened socket: admits it, takes over from an older one, refuses it, or lets it wait for its token, and in
 * a cluster for its claim. `seq` is the number of a claim that was made for it.
 */
export function open(
  state: State,
  event: SocketOpened,
  now: Millis,
  seq: number | null = null,
): readonly [State, readonly Effect[]] {
  const { conn, id, token, key, identity } = event;
  if (mapHas(state.connections, conn) || mapHas(state.pending, conn)) return [state, []];
  const address = addressGroup(event.address);
  if (state.stopping) return refuse(state, event, [CLOSE.shutdown, STOPPING]);
  if (state.drain !== null && now >= state.drain.closesFrom) return sendAway(state, event);
  if (!id || token === null || key === null) return refuse(state, event, MISSING_PARAMETER);
  const endsAt = endOf(state.rules, identity);
  const hasEnded = endsAt !== null && endsAt <= now;
  const refusal = refusalOf(state.rules, event, { id, token, hasEnded });
  if (refusal !== null) return refuse(state, event, refusal);
  if (identity.kind === "pending") {
    if (!hasPendingRoom(state)) return refuse(state, event, CROWDED);
    const pending = wait(state, event, { claim: null, ms: PENDING_MAX_MS }, now);
    return [pending, [{ kind: "check-token", conn }]];
  }
  const isProven = identity.kind === "proven";
  const owner = isProven ? identity.owner : token.owner;
  const claimant = { event, conn, id: peerId(id), owner, isProven, endsAt, address, seq };
  return claim(state, claimant, now);
}

/** Clears the record of a connection, which frees its id. Messages that wait for it or from it stay. */
export function release(
  state: State,
  conn: ConnId,
  { id, idleCheckAt, address, leftAt }: Connection,
): State {
  return {
    ...state,
    addresses: vacate(state, address),
    claims: leftAt === null ? mapDelete(state.claims, id) : state.claims,
    connections: mapDelete(state.connections, conn),
    idleCheckAt: removeDeadline(state.idleCheckAt, idleCheckAt, conn),
  };
}

/** Disconnects the client on `conn`, which must exist, and frees its id. */
export function disconnect(
  state: State,
  { conn }: Pick<Claim, "conn">,
  code: CloseCode,
  reason: string,
): readonly [State, readonly Effect[]] {
  const connection = must(mapGet(state.connections, conn));
  const note = left(conn, connection, { by: "server", code, reason });
  return [release(state, conn, connection), [close(conn, code, reason), note]];
}

/** Clears the record of a closed socket, if it still has one. */
export function closed(
  state: State,
  conn: ConnId,
  end: Pick<Left, "by" | "code" | "reason">,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return [takePending(state, conn)[0], []];
  const note = connection.leftAt === null ? [left(conn, connection, end)] : [];
  return [release(state, conn, connection), note];
}

/** Closes and refuses a pending socket. Does nothing if `conn` is not pending. */
export function turnOut(
  state: State,
  conn: ConnId,
  code: CloseCode,
  reason: string,
): readonly [State, readonly Effect[]] {
  const [next, pending] = takePending(state, conn);
  if (pending === undefined) return [state, []];
  return [next, [close(conn, code, reason), refused(pending.opened, code, reason)]];
}

/**
 * Disconnects everybody, oldest connection first, and admits nobody from now on. The only rule that walks over all
 * clients.
 */
export function shutDown(state: State): readonly [State, readonly Effect[]] {
  const { connections, pending } = state;
  const conns = [...mapKeys(connections), ...mapKeys(pending)].sort((a, b) => a - b);
  const end = { by: "server", code: CLOSE.shutdown, reason: STOPPING } as const;
  const effects = conns.flatMap((conn): Effect[] => {
    const connection = mapGet(connections, conn);
    if ((connection?.leftAt ?? null) !== null) return [];
    const note = connection === undefined
      ? refused(must(mapGet(pending, conn)).opened, CLOSE.shutdown, STOPPING)
      : left(conn, connection, end);
    return [close(conn, CLOSE.shutdown, STOPPING), note];
  });
  const cluster = state.cluster === null ? null : withoutWork(state.cluster);
  const drain = state.drain && { ...state.drain, wakeAt: null };
  return [{ ...initialState(state.rules), stopping: true, drain, cluster }, effects];
}

/** Refuses a pending socket whose id another owner holds on another node. */
export function refuseTaken(
  state: State,
  conn: ConnId,
): readonly [State, readonly Effect[]] {
  const [free, pending] = takePending(state, conn);
  return idTaken(free, must(pending).opened, "ID is taken");
}

/** Refuses a pending socket: the cluster has as many clients as it may, or a newer claim has taken its id. */
export function refuseClaim(
  state: State,
  conn: ConnId,
  why: "full" | "past",
): readonly [State, readonly Effect[]] {
  const [free, pending] = takePending(state, conn);
  if (why === "full") return refuse(free, must(pending).opened, CROWDED);
  return turnOut(state, conn, CLOSE.replaced, REPLACED);
}

interface Claimant {
  readonly event: SocketOpened;
  readonly conn: ConnId;
  readonly id: PeerId;
  readonly owner: Owner;
  /** Whether its token was checked: then another owner's token is not a guess (LIMIT-3). */
  readonly isProven: boolean;
  readonly endsAt: Millis | null;
  readonly address: string;
  /** The number of its claim in the cluster; `null` if none was made. */
  readonly seq: number | null;
}

type Refusal = readonly [CloseCode, string];

/** The sentence for a token that ends, before its socket opens or while it is connected. */
export const TOKEN_EXPIRED = "The token has expired";

/** The sentence for a client whose id has another connection of the same owner. */
export const REPLACED = "Replaced by a newer connection with the same id and token";

/** How long a client that a drain closes may still be heard, and may take to answer the close. */
export const LAST_WORDS_MS = 1_000;

/** The reason of a close by a drain. */
export const RESTARTING = "Server is restarting";

const NO_PEERS: readonly PeerId[] = [];
const STOPPING = "Server is shutting down";
const CROWDED: Refusal = [CLOSE.full, "Server has reached its concurrent user limit"];
const MISSING_PARAMETER: Refusal = [
  CLOSE.badParameters,
  "No id, token, or key supplied to websocket server",
];

/** When the end of its token disconnects a client; `null` if it does not. */
function endOf({ auth_expiry }: Rules, identity: SocketOpened["identity"]): Millis | null {
  return auth_expiry === "close" && identity.kind === "proven" ? identity.endsAt : null;
}

/** Why a socket is refused, whoever else is connected; `null` if it is not. */
function refusalOf(
  settings: Rules,
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
  const { event, conn, id, address, seq } = claimant;
  const held = mapGet(state.claims, id);
  const old = held === undefined ? undefined : mapGet(state.connections, held.conn);
  if (held !== undefined && seq === null) {
    if (!claimant.isProven && !mayTryToken(state, address, now)) {
      return idTaken(
        state,
        event,
        "ID is taken, and its token not looked at: too many wrong ones came",
      );
    }
    if (held.owner !== claimant.owner) {
      const counted = claimant.isProven ? state : countWrongToken(state, address, now);
      return idTaken(counted, event, "ID is taken");
    }
  }
  const takesPlace = old?.address === address;
  if (!hasAddressRoom(state, address) && !takesPlace) {
    return refuse(state, event, [CLOSE.tooMany, "Too many connections from this address"]);
  }
  const isNew = held === undefined || old === undefined;
  if (isNew && clientCount(state) >= state.rules.concurrent_limit) {
    return refuse(state, event, CROWDED);
  }
  if (state.cluster !== null && seq === null) return askForClaim(state, claimant, now);
  if (isNew) return admit(state, claimant, now, null);
  // Sockets can open in another order than they came: the older one is obsolete, not the newer.
  if (conn < held.conn) {
    // The cluster counts the claim that was made last, whichever socket it was made for.
    const kept = seq === null
      ? state
      : { ...state, claims: mapSet(state.claims, id, { ...held, seq }) };
    return [kept, [
      close(conn, CLOSE.replaced, REPLACED),
      refused(event, CLOSE.replaced, REPLACED),
    ]];
  }
  const [free, ended] = disconnect(state, held, CLOSE.replaced, REPLACED);
  const [next, [note, ...effects]] = admit(free, claimant, now, held.conn);
  return [next, [...effects, ...ended, note]];
}

/** Asks the engine for the id, and lets the socket wait. */
function askForClaim(
  state: State,
  { event, id, owner, isProven, address }: Claimant,
  now: Millis,
): readonly [State, readonly Effect[]] {
  if (!hasPendingRoom(state)) return refuse(state, event, CROWDED);
  const claim = clusterOf(state).nextRequest;
  const waiting = wait(state, event, { claim, ms: CLAIM_MAX_MS }, now);
  // Without a try left no token is compared: the id is claimed only if nobody holds it.
  const mayReplace = isProven || mayTryToken(state, address, now);
  const limit = state.rules.cluster_limit;
  const guesser = isProven ? null : address;
  return ask(waiting, { kind: "open", id, owner, mayReplace, limit }, now, {
    socket: event.conn,
    guesser,
  });
}

function admit(
  state: State,
  { event, conn, id, owner, endsAt, address, seq }: Claimant,
  now: Millis,
  replaces: ConnId | null,
): readonly [State, readonly [Admitted, ...Effect[]]] {
  const claim: Claim = { conn, owner, seq: seq ?? 0, endsAt };
  const idleCheckAt = idleCheckTime(state.rules, now, claim);
  const connection: Connection = {
    id,
    heardAt: now,
    idleCheckAt,
    badFrames: 0,
    paidUntil: now,
    bytesPaidUntil: now,
    address,
    refusalsTold: NO_PEERS,
    leftAt: null,
  };
  const recorded: State = {
    ...state,
    addresses: occupy(state, address),
    claims: mapSet(state.claims, id, claim),
    connections: mapSet(state.connections, conn, connection),
    idleCheckAt: addDeadline(state.idleCheckAt, idleCheckAt, conn),
  };
  const [next, queued] = state.cluster === null
    ? drain(recorded, id, conn)
    : flush(recorded, id, now);
  const note: Admitted = {
    kind: "note",
    what: "admitted",
    conn,
    id,
    address: event.address,
    replaces,
  };
  return [next, [note, say(conn, OPEN), ...queued]];
}

/** Refuses a socket during a drain: without an `ERROR`, which would end its `Peer` for good. */
function sendAway(state: State, event: SocketOpened): readonly [State, readonly Effect[]] {
  return [state, [
    close(event.conn, CLOSE.restart, RESTARTING),
    refused(event, CLOSE.restart, RESTARTING),
  ]];
}

function refuse(
  state: State,
  event: SocketOpened,
  [code, msg]: Refusal,
): readonly [State, readonly Effect[]] {
  const { conn } = event;
  const answer = say(conn, { kind: "error", msg, to: null });
  return [state, [answer, close(conn, code, msg), refused(event, code, msg)]];
}

function idTaken(
  state: State,
  event: SocketOpened,
  reason: string,
): readonly [State, readonly Effect[]] {
  const { conn } = event;
  const end = close(conn, CLOSE.idTaken, reason);
  return [state, [say(conn, ID_TAKEN), end, refused(event, CLOSE.idTaken, reason)]];
}

function refused(
  { conn, id, address, origin }: SocketOpened,
  code: CloseCode,
  reason: string,
): Refused {
  return { kind: "note", what: "refused", conn, id, address, origin, code, reason };
}

/** The note that a client holds its id no more. */
export function left(
  conn: ConnId,
  { id }: Connection,
  { by, code, reason }: Pick<Left, "by" | "code" | "reason">,
): Left {
  return { kind: "note", what: "left", conn, id, by, code, reason };
}

const OPEN = { kind: "open" } as const;

/** The answer to a client whose id another owner holds. */
export const ID_TAKEN = { kind: "id-taken" } as const;

function controlProblem(name: string, hasControl: boolean): string | null {
  return hasControl ? `The ${name} has control characters in it` : null;
}

function lengthProblem(name: string, length: number, maxLength: number): string | null {
  if (length <= maxLength) return null;
  return `The ${name} has ${length} characters: at most ${maxLength} are allowed`;
}
