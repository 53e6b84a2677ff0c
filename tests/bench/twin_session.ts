/**
 * Who comes and goes, in the mutable twin: what `core/session.ts` and `core/guard.ts` do, in place.
 *
 * @module
 */
import {
  addressGroup,
  CLOSE,
  close,
  type CloseCode,
  type ConnId,
  type Effect,
  errorFrame,
  ID_TAKEN_FRAME,
  isOriginAllowed,
  type Millis,
  millis,
  OPEN_FRAME,
  type Owner,
  owner,
  type PeerId,
  peerId,
  send,
  type Settings,
  type SocketOpened,
} from "../../core/mod.ts";
import { heapAdd, heapRemove } from "./twin_heap.ts";
import type { Client, TwinState } from "./twin_state.ts";
import { deliver, NOTHING } from "./twin_store.ts";

/** Decides about a socket that was just opened. */
export function enter(twin: TwinState, event: SocketOpened, now: Millis): readonly Effect[] {
  const { conn, id, token, key } = event;
  if (twin.clients.has(conn) || twin.waiters.has(conn)) return NOTHING;
  const address = addressGroup(event.address);
  if (twin.stopping) return refuse(conn, CLOSE.shutdown, STOPPING);
  if (!id || !token || !key) return refuse(conn, CLOSE.badParameters, MISSING);
  const refusal = refusalOf(twin.settings, event, id, token);
  if (refusal !== null) return refuse(conn, refusal[0], refusal[1]);
  const { wrong_token_limit, max_waiting_sockets } = twin.settings;
  const wrong = wrongTokensOf(twin, address, now);
  if (wrong > 0 && wrong >= wrong_token_limit && twin.waiters.size >= max_waiting_sockets) {
    return refuse(conn, CLOSE.tooMany, TOO_MANY_WRONG);
  }
  const subject = event.identity.kind === "proven" ? event.identity.subject : token;
  return claim(twin, { conn, id: peerId(id), owner: owner(subject), address }, now);
}

/** Clears the record of a client. */
export function clear(twin: TwinState, client: Client): void {
  vacate(twin, client.address);
  twin.holders.delete(client.id);
  twin.clients.delete(client.conn);
  heapRemove(twin.lookAt, client);
}

/** Clears the record of a socket that is closed, if it still has one. */
export function hangUp(twin: TwinState, conn: ConnId): void {
  const client = twin.clients.get(conn);
  if (client !== undefined) return clear(twin, client);
  const waiter = twin.waiters.get(conn);
  if (waiter !== undefined) waiter.isGone = true;
}

/** Answers the wrong tokens whose wait is over. */
export function answerWaiters(twin: TwinState, now: Millis, effects: Effect[]): void {
  for (;;) {
    const waiter = twin.answerAt[0];
    if (waiter === undefined || waiter.at > now) return;
    heapRemove(twin.answerAt, waiter);
    twin.waiters.delete(waiter.conn);
    vacate(twin, waiter.address);
    if (!waiter.isGone) effects.push(...idTaken(waiter.conn));
  }
}

/** Disconnects everybody, and forgets everything. */
export function stop(twin: TwinState): readonly Effect[] {
  const conns = [...twin.clients.keys()];
  for (const waiter of twin.waiters.values()) if (!waiter.isGone) conns.push(waiter.conn);
  const { holders, clients, boxes, sources, pairs, addresses, waiters, wrongTokens } = twin;
  for (const map of [holders, clients, boxes, sources, pairs, addresses, waiters, wrongTokens]) {
    map.clear();
  }
  twin.lookAt.length = 0;
  twin.answerAt.length = 0;
  twin.firstParked = null;
  twin.lastParked = null;
  twin.nextSerial = 0;
  twin.parkedBytes = 0;
  twin.stopping = true;
  return conns.sort((a, b) => a - b).map((conn) => close(conn, CLOSE.shutdown, STOPPING));
}

interface Claimant {
  readonly conn: ConnId;
  readonly id: PeerId;
  readonly owner: Owner;
  readonly address: string;
}

const STOPPING = "Server is shutting down";
const REPLACED = "Replaced by a newer connection with the same id and token";
const MISSING = "No id, token, or key supplied to websocket server";
const TOO_MANY_WRONG = "Too many wrong tokens from this address: try again later";
const FIRST_DELAY_MS = 100;
const CONTROL = /\p{Cc}/u;

function refusalOf(
  settings: Settings,
  { key, origin, ownOrigin, queryLength, identity }: SocketOpened,
  id: string,
  token: string,
): readonly [CloseCode, string] | null {
  if (key !== settings.key) return [CLOSE.wrongKey, "Invalid key provided"];
  if (origin !== null && !ownOrigin && !isOriginAllowed(settings, origin)) {
    return [CLOSE.wrongOrigin, "Pages of this origin may not use this server"];
  }
  const problem = lengthProblem("query", queryLength, settings.max_query_length) ??
    lengthProblem("id", id.length, settings.max_id_length) ?? controlProblem("id", id) ??
    lengthProblem("token", token.length, settings.max_token_length) ??
    controlProblem("token", token);
  if (problem !== null) return [CLOSE.badParameters, problem];
  if (settings.auth !== "none" && identity.kind === "unchecked") {
    return [CLOSE.notAuthorized, "The token was not checked"];
  }
  if (identity.kind === "rejected") return [CLOSE.notAuthorized, identity.reason];
  if (identity.kind === "proven" && identity.subject !== id && !identity.peers.includes(id)) {
    return [CLOSE.notAuthorized, "The token is not for this id"];
  }
  return null;
}

function lengthProblem(name: string, length: number, maxLength: number): string | null {
  if (length <= maxLength) return null;
  return `The ${name} has ${length} characters: at most ${maxLength} are allowed`;
}

function controlProblem(name: string, value: string): string | null {
  return CONTROL.test(value) ? `The ${name} has control characters in it` : null;
}

function claim(twin: TwinState, claimant: Claimant, now: Millis): readonly Effect[] {
  const { conn, id, address } = claimant;
  const old = twin.holders.get(id);
  if (old !== undefined && old.owner !== claimant.owner) {
    return answerWrongToken(twin, conn, address, now);
  }
  if (old?.address !== address && !hasAddressRoom(twin, address)) {
    return refuse(conn, CLOSE.tooMany, "Too many connections from this address");
  }
  if (old === undefined) {
    if (twin.holders.size < twin.settings.concurrent_limit) return admit(twin, claimant, now);
    return refuse(conn, CLOSE.full, "Server has reached its concurrent user limit");
  }
  if (conn < old.conn) return [close(conn, CLOSE.replaced, REPLACED)];
  clear(twin, old);
  const effects = admit(twin, claimant, now);
  effects.push(close(old.conn, CLOSE.replaced, REPLACED));
  return effects;
}

function admit(twin: TwinState, { conn, id, owner, address }: Claimant, now: Millis): Effect[] {
  const client: Client = {
    at: millis(now + twin.settings.alive_timeout),
    conn,
    place: 0,
    id,
    owner,
    address,
    heardAt: now,
    badFrames: 0,
    paidUntil: now,
    toldFull: null,
  };
  occupy(twin, address);
  twin.holders.set(id, client);
  twin.clients.set(conn, client);
  heapAdd(twin.lookAt, client);
  const effects: Effect[] = [send(conn, OPEN_FRAME)];
  deliver(twin, id, conn, effects);
  return effects;
}

function answerWrongToken(
  twin: TwinState,
  conn: ConnId,
  address: string,
  now: Millis,
): readonly Effect[] {
  const { wrong_token_limit, max_wrong_token_delay, max_waiting_sockets } = twin.settings;
  const over = countWrongToken(twin, address, now) - wrong_token_limit;
  const delayMs = over <= 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (over - 1), max_wrong_token_delay);
  if (delayMs === 0) return idTaken(conn);
  if (twin.waiters.size >= max_waiting_sockets || !hasAddressRoom(twin, address)) {
    return refuse(conn, CLOSE.tooMany, TOO_MANY_WRONG);
  }
  const waiter = { at: millis(now + delayMs), conn, place: 0, address, isGone: false };
  occupy(twin, address);
  twin.waiters.set(conn, waiter);
  heapAdd(twin.answerAt, waiter);
  return NOTHING;
}

function wrongTokensOf({ wrongTokens }: TwinState, address: string, now: Millis): number {
  const wrong = wrongTokens.get(address);
  return wrong === undefined || wrong.until <= now ? 0 : wrong.count;
}

/** Gives how many they are by now. */
function countWrongToken(
  { wrongTokens, settings }: TwinState,
  address: string,
  now: Millis,
): number {
  const known = wrongTokens.get(address);
  if (known !== undefined && known.until > now) return ++known.count;
  wrongTokens.delete(address);
  for (const [oldest, { until }] of wrongTokens) {
    if (until > now && wrongTokens.size < settings.wrong_token_addresses) break;
    wrongTokens.delete(oldest);
  }
  wrongTokens.set(address, { count: 1, until: millis(now + settings.wrong_token_window) });
  return 1;
}

function hasAddressRoom({ settings, addresses }: TwinState, address: string): boolean {
  const limit = settings.max_sockets_per_address;
  return limit === 0 || (addresses.get(address) ?? 0) < limit;
}

function occupy({ addresses }: TwinState, address: string): void {
  addresses.set(address, (addresses.get(address) ?? 0) + 1);
}

function vacate({ addresses }: TwinState, address: string): void {
  const count = (addresses.get(address) ?? 0) - 1;
  if (count > 0) addresses.set(address, count);
  else addresses.delete(address);
}

function refuse(conn: ConnId, code: CloseCode, msg: string): readonly Effect[] {
  return [send(conn, errorFrame(msg)), close(conn, code, msg)];
}

function idTaken(conn: ConnId): readonly Effect[] {
  return [send(conn, ID_TAKEN_FRAME), close(conn, CLOSE.idTaken, "ID is taken")];
}
