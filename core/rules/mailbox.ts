/**
 * Messages for peers that are not connected: store, drain, expire.
 *
 * Every stored message is drained once or expires. A message that finds no room is not stored, and its source
 * gets an `EXPIRE` at once.
 *
 * @module
 */
import type { Cluster } from "../cluster/member.ts";
import { type Effect, pass, say, type Send, type Undelivered } from "../effect.ts";
import { type ConnId, type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import {
  type Connection,
  holderOf,
  type Mailbox,
  type Pair,
  pairKey,
  type Source,
  type State,
  type Stored,
} from "../state.ts";

/** Stores a message for `expire_timeout`, or refuses it if there is no room. */
export function store(
  state: State,
  message: Message,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const owner = mapGet(state.claims, message.src)?.owner ?? null;
  const expiresAt = millis(now + state.rules.expire_timeout);
  const [serial, next] = takeSerial(state);
  return storeAs(next, message, { serial, owner, expiresAt });
}

/** Takes the next serial. */
export function takeSerial(state: State): readonly [number, State] {
  const { nextSerial: serial, firstSerial } = state;
  const isFirst = firstSerial === serial;
  return [serial, {
    ...state,
    nextSerial: serial + 1,
    firstSerial: isFirst ? serial + 1 : firstSerial,
  }];
}

/** Stores a message under a serial that was taken for it, and notes it as `what`; or refuses it if there is no room. */
export function storeAs(
  state: State,
  message: Message,
  { serial, owner, expiresAt }: Pick<Stored, "owner" | "expiresAt"> & { readonly serial: number },
  what: "stored" | "waits" = "stored",
): readonly [State, readonly Effect[]] {
  const { src, dst } = message;
  const bytes = storedBytes(message.text);
  const conn = holderOf(state, src);
  const address = conn === undefined ? "" : must(mapGet(state.connections, conn)).address;
  const key = pairKey(src, dst);
  const pair = mapGet(state.pairs, key) ?? NO_PAIR;
  const mailbox = mapGet(state.mailboxes, dst) ?? EMPTY;
  const source = mapGet(state.sources, src) ?? NOTHING;
  const waiting = mapGet(state.addressBytes, address) ?? 0;
  if (!hasRoom(state, { pair, mailbox, source, waiting }, bytes)) {
    return turnAway(state, message, "no-room");
  }
  return [{
    ...state,
    stored: mapSet(state.stored, serial, { message, owner, address, bytes, expiresAt }),
    firstSerial: Math.min(state.firstSerial, serial),
    storedBytes: state.storedBytes + bytes,
    mailboxes: mapSet(state.mailboxes, dst, {
      serials: inserted(mailbox.serials, serial),
      bytes: mailbox.bytes + bytes,
    }),
    sources: mapSet(state.sources, src, {
      count: source.count + 1,
      bytes: source.bytes + bytes,
    }),
    pairs: mapSet(state.pairs, key, {
      ...pair,
      count: pair.count + 1,
      bytes: pair.bytes + bytes,
    }),
    addressBytes: mapSet(state.addressBytes, address, waiting + bytes),
  }, [{ kind: "note", what, message }]];
}

/** What comes back has an older serial than what came since. */
function inserted(serials: readonly number[], serial: number): readonly number[] {
  let at = serials.length;
  while (at > 0 && must(serials[at - 1]) > serial) at--;
  return at === serials.length ? [...serials, serial] : serials.toSpliced(at, 0, serial);
}

/**
 * The bytes that a stored message counts as. In a text that is not ASCII a character counts three bytes: V8 keeps
 * two, and UTF-8 takes up to three.
 */
export function storedBytes(text: string): number {
  return (ASCII.test(text) ? 1 : 3) * text.length + STORED_OVERHEAD_BYTES;
}

/**
 * Removes every message that waits for `dst`, and sends them on `conn`, oldest first. The first `except` of them are
 * elsewhere and stay.
 */
export function drain(
  state: State,
  dst: PeerId,
  conn: ConnId,
  except = 0,
): readonly [State, readonly Effect[]] {
  const mailbox = mapGet(state.mailboxes, dst);
  if (mailbox === undefined) return [state, []];
  const effects: Effect[] = [];
  const rest = except === 0
    ? { ...state, mailboxes: mapDelete(state.mailboxes, dst) }
    : keepFirst(state, dst, mailbox, except);
  const serials = mailbox.serials.slice(except);
  for (const serial of serials) {
    const { message } = must(mapGet(state.stored, serial));
    effects.push({ ...pass(conn, message), hasWaited: true });
  }
  effects.push({ kind: "note", what: "drained", id: dst, count: effects.length });
  return [skipGaps(forget(rest, serials)), effects];
}

function keepFirst(state: State, dst: PeerId, mailbox: Mailbox, count: number): State {
  const serials = mailbox.serials.slice(0, count);
  const bytes = serials.reduce((sum, one) => sum + must(mapGet(state.stored, one)).bytes, 0);
  return { ...state, mailboxes: mapSet(state.mailboxes, dst, { serials, bytes }) };
}

/** Removes messages, wherever in their mailboxes they stand. */
export function takeStored(state: State, serials: readonly number[]): State {
  let { mailboxes } = state;
  for (const serial of serials) {
    const { message: { dst }, bytes } = must(mapGet(state.stored, serial));
    const mailbox = must(mapGet(mailboxes, dst));
    const left = mailbox.serials.filter((one) => one !== serial);
    mailboxes = left.length > 0
      ? mapSet(mailboxes, dst, { serials: left, bytes: mailbox.bytes - bytes })
      : mapDelete(mailboxes, dst);
  }
  return skipGaps(forget({ ...state, mailboxes }, serials));
}

/**
 * Removes the messages that are due. Each source that is still connected gets one `EXPIRE` per attempt; another
 * owner who holds its id by now gets none.
 */
export function expire(state: State, now: Millis): readonly [State, readonly Effect[]] {
  const effects: Effect[] = [];
  let next = state;
  for (;;) {
    const serial = next.firstSerial;
    const stored = mapGet(next.stored, serial);
    if (stored === undefined || stored.expiresAt > now) return [next, effects];
    const { src, dst, type } = stored.message;
    const isTold = type !== "LEAVE" && isOwnerHere(next, stored) &&
      !wasTold(next, stored, serial);
    if (isTold) {
      const [marked, told] = tell(next, must(holderOf(next, src)), stored.message);
      effects.push(told);
      next = marked;
    }
    effects.push({ kind: "note", what: "expired", type, src, dst, isTold });
    next = skipGaps(dropFirst(forget(next, [serial]), stored));
  }
}

/** Refuses a message: its source, if it is connected, gets one `EXPIRE` per attempt. */
export function turnAway(
  state: State,
  message: Message,
  why: Undelivered["why"],
): readonly [State, readonly Effect[]] {
  const { src, dst, type } = message;
  const note = { kind: "note", what: "undelivered", message, why } as const;
  const conn = holderOf(state, src);
  const source = conn === undefined ? undefined : must(mapGet(state.connections, conn));
  // Only in a cluster a LEAVE is ever stored; nobody waits for an answer to it.
  if (conn === undefined || source === undefined || type === "LEAVE" || wasRefused(source, dst)) {
    return [state, [{ ...note, isTold: false }]];
  }
  const refusalsTold = [...source.refusalsTold.slice(1 - TOLD_MAX), dst];
  const connections = mapSet(state.connections, conn, { ...source, refusalsTold });
  const [next, told] = tell({ ...state, connections }, conn, message);
  return [next, [told, { ...note, isTold: true }]];
}

/** The number of refused destinations that a connection remembers (QUEUE-4). */
export const TOLD_MAX = 64;

/** The memory of a stored message besides its text: its records and its entries in five maps. Measured. */
export const STORED_OVERHEAD_BYTES = 512;

const ASCII = /^[\0-\x7f]*$/;
const NO_PAIR: Pair = { count: 0, bytes: 0, expireSentBelow: 0 };
const EMPTY: Mailbox = { serials: [], bytes: 0 };
const NOTHING: Source = { count: 0, bytes: 0 };

/** What waits already, where a message would go. */
interface Waiting {
  readonly pair: Pair;
  readonly mailbox: Mailbox;
  readonly source: Source;
  /** The bytes of its address group. */
  readonly waiting: number;
}

function hasRoom(
  state: State,
  { pair, mailbox, source, waiting }: Waiting,
  bytes: number,
): boolean {
  const { queue_limit, max_queue_bytes, max_unsent_bytes } = state.rules;
  const { source_queue_limit, source_queue_bytes } = state.rules;
  const times = state.cluster === null ? 1 : CLUSTER_TIMES;
  // A mailbox is sent in one turn: the other half of max_unsent_bytes is for the messages that follow.
  return mailbox.serials.length < times * queue_limit &&
    mailbox.bytes + bytes <= max_unsent_bytes / 2 &&
    pair.count < times * pairLimit(queue_limit) &&
    pair.bytes + bytes <= pairBytes(max_unsent_bytes) &&
    source.count < times * source_queue_limit &&
    source.bytes + bytes <= times * source_queue_bytes &&
    waiting + bytes <= max_queue_bytes / 4 && state.storedBytes + bytes <= max_queue_bytes;
}

/**
 * In a cluster messages also wait while the engine says where to, and until another node has acknowledged them: so many
 * times as many may. What frame_burst lets a client send to a hundred peers at once fits.
 */
export const CLUSTER_TIMES = 8;

/** The number of messages that may wait from one source for one destination; a usual attempt has some 30. */
function pairLimit(queueLimit: number): number {
  return Math.max(1, Math.floor(queueLimit / 4));
}

/**
 * The bytes that may wait from one source for one destination: three quarters of a mailbox, which holds the largest
 * message and the candidates that follow it.
 */
function pairBytes(maxUnsentBytes: number): number {
  return maxUnsentBytes / 2 * 3 / 4;
}

function wasRefused({ refusalsTold }: Connection, dst: PeerId): boolean {
  return refusalsTold.includes(dst);
}

function isOwnerHere(state: State, { message, owner }: Stored): boolean {
  return mapGet(state.claims, message.src)?.owner === owner;
}

function wasTold(state: State, { message: { src, dst } }: Stored, serial: number): boolean {
  return serial < must(mapGet(state.pairs, pairKey(src, dst))).expireSentBelow;
}

/**
 * Sends an `EXPIRE` for `dst` to the source on `conn`, and marks all waiting messages of the pair: this `EXPIRE`
 * stands for them.
 */
function tell(
  state: State,
  conn: ConnId,
  { src, dst }: Message,
): readonly [State, Send] {
  const told = say(conn, { kind: "expire", dst, to: src });
  const key = pairKey(src, dst);
  const pair = mapGet(state.pairs, key);
  if (pair === undefined) return [state, told];
  const pairs = mapSet(state.pairs, key, { ...pair, expireSentBelow: state.nextSerial });
  return [{ ...state, pairs }, told];
}

/** Removes messages from everything but their mailboxes. */
function forget(state: State, serials: readonly number[]): State {
  let { stored, storedBytes, sources, pairs, addressBytes } = state;
  for (const serial of serials) {
    const { message: { src, dst }, address, bytes } = must(mapGet(stored, serial));
    const key = pairKey(src, dst);
    const source = must(mapGet(sources, src));
    const pair = must(mapGet(pairs, key));
    const waiting = must(mapGet(addressBytes, address)) - bytes;
    stored = mapDelete(stored, serial);
    storedBytes -= bytes;
    sources = source.count > 1
      ? mapSet(sources, src, { count: source.count - 1, bytes: source.bytes - bytes })
      : mapDelete(sources, src);
    pairs = pair.count > 1
      ? mapSet(pairs, key, { ...pair, count: pair.count - 1, bytes: pair.bytes - bytes })
      : mapDelete(pairs, key);
    addressBytes = waiting > 0
      ? mapSet(addressBytes, address, waiting)
      : mapDelete(addressBytes, address);
  }
  const cluster = state.cluster === null ? null : withoutFlights(state.cluster, serials);
  return { ...state, stored, storedBytes, sources, pairs, addressBytes, cluster };
}

function withoutFlights(cluster: Cluster, serials: readonly number[]): Cluster {
  let { flights } = cluster;
  for (const serial of serials) flights = mapDelete(flights, serial);
  return flights === cluster.flights ? cluster : { ...cluster, flights };
}

/** Removes the first message of a mailbox: the oldest message of all is also the oldest of its mailbox. */
function dropFirst(state: State, stored: Stored): State {
  const mailbox = must(mapGet(state.mailboxes, stored.message.dst));
  const serials = mailbox.serials.slice(1);
  const rest = { serials, bytes: mailbox.bytes - stored.bytes };
  const { dst } = stored.message;
  const mailboxes = serials.length > 0
    ? mapSet(state.mailboxes, dst, rest)
    : mapDelete(state.mailboxes, dst);
  return { ...state, mailboxes };
}

/** Moves `firstSerial` past removed serials. It passes each serial once, so the amortized cost is constant. */
function skipGaps(state: State): State {
  let serial = state.firstSerial;
  while (serial < state.nextSerial && mapGet(state.stored, serial) === undefined) serial++;
  return serial === state.firstSerial ? state : { ...state, firstSerial: serial };
}
