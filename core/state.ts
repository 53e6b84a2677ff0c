/**
 * The state of the server as one immutable value, and its queries.
 *
 * Every map is persistent: a state stays valid and unchanged after a newer one is made from it.
 * `claims` says who holds an id, `connections` what its socket did, and the two always agree. `stored` has
 * the waiting messages in the order of their deadlines, because every message waits equally long; the other
 * maps only count and index them.
 *
 * @module
 */
import { type Cluster, clusterWakeAt, retireCluster } from "./cluster/member.ts";
import { type Deadlines, firstDeadline } from "./collections/deadlines.ts";
import type { BinaryReceived, FrameReceived, SocketOpened } from "./event.ts";
import { type ConnId, type Millis, millis, type Owner, type PeerId } from "./ids.ts";
import {
  emptyMap,
  mapGet,
  mapKeys,
  mapRetire,
  type PersistentMap,
} from "./collections/persistent_map.ts";
import type { Message } from "./message.ts";
import { type Rules, rulesOf } from "./settings/rules.ts";

/**
 * The record that a socket holds an id. What never changes while the id is held is here and not in `Connection`,
 * which every message copies.
 */
export interface Claim {
  readonly conn: ConnId;
  readonly owner: Owner;
  /** The number under which the directory of the cluster has it; 0 without a cluster. */
  readonly seq: number;
  /** When the token ends, and the connection with it; `null` if it does not end the connection. */
  readonly endsAt: Millis | null;
}

/** An open socket that holds an id. */
export interface Connection {
  readonly id: PeerId;
  /** The instant of the last valid message, or of the admission. */
  readonly heardAt: Millis;
  /** When to check its silence and the end of its token; its key in `State.idleCheckAt`. */
  readonly idleCheckAt: Millis;
  /** Bad frames since the last valid message. */
  readonly badFrames: number;
  /** The instant up to which the frames so far use up `frame_rate`; see `rate.ts`. */
  readonly paidUntil: Millis;
  /** The instant up to which their bytes use up `byte_rate`. */
  readonly bytesPaidUntil: Millis;
  /** Its address group; see `addressGroup`. */
  readonly address: string;
  /**
   * The destinations for which it got an `EXPIRE` about a refusal and has begun no new attempt: it gets no other
   * one (QUEUE-4). At most `TOLD_MAX`; the oldest is dropped first.
   */
  readonly refusalsTold: readonly PeerId[];
  /**
   * When a drain closed it; `null` otherwise. It holds its id no more and is not checked, but what its client had said
   * before it heard of the close still counts for a moment.
   */
  readonly leftAt: Millis | null;
}

/** A socket that waits for an answer from outside: its token is being checked, or its id is being claimed. */
export interface Pending {
  readonly opened: SocketOpened;
  /** The request of the claim; `null` while the token is being checked. */
  readonly claim: number | null;
  /** When the answer is given up; its key in `State.idleCheckAt`. */
  readonly until: Millis;
  /** What its client sent so far. */
  readonly frames: readonly (FrameReceived | BinaryReceived)[];
  /** The characters of `frames` together. */
  readonly length: number;
}

/** A drain: the server closes its clients and takes no new ones, until it stops. */
export interface Drain {
  /** From when on clients are closed, and refused. */
  readonly closesFrom: Millis;
  /** When the next clients are closed, or the end is looked for; `null` once the drain is over. */
  readonly wakeAt: Millis | null;
  /** When the last clients are closed. */
  readonly closedBy: Millis;
  /** When the drain is over, whoever is still there. */
  readonly until: Millis;
  /** No client is connected after this instant. */
  readonly lastCloseAt: Millis;
}

/** A message that waits for its destination. */
export interface Stored {
  readonly message: Message;
  /** Who held its source's id when it was stored, and gets the `EXPIRE`; `null` if nobody did. */
  readonly owner: Owner | null;
  /** The address group of whoever held its source's id when it was stored; empty if nobody did. */
  readonly address: string;
  /** The bytes it counts as; see `storedBytes`. */
  readonly bytes: number;
  readonly expiresAt: Millis;
}

/** The messages that wait for one destination, at least one. */
export interface Mailbox {
  /** Ascending; keys of `State.stored`. */
  readonly serials: readonly number[];
  readonly bytes: number;
}

/** Counts of the messages that wait from one source, at least one. */
export interface Source {
  readonly count: number;
  readonly bytes: number;
}

/** Counts of the messages that wait from one source for one destination. */
export interface Pair {
  readonly count: number;
  readonly bytes: number;
  /** An `EXPIRE` to the source stood for every message with a lower serial: those expire without another. */
  readonly expireSentBelow: number;
}

/** The state of a server. Only `initialState` and `restore` create one, and only `reduce` advances it. */
export interface State {
  readonly rules: Rules;
  readonly claims: PersistentMap<PeerId, Claim>;
  readonly connections: PersistentMap<ConnId, Connection>;
  /** Sockets that wait for their token or their claim; they hold no id yet. */
  readonly pending: PersistentMap<ConnId, Pending>;
  /** The characters of the frames of all pending sockets. */
  readonly pendingLength: number;
  /** When to check each connection and each pending socket: one entry each. */
  readonly idleCheckAt: Deadlines;
  /** The waiting messages by serial; serials and deadlines rise together. */
  readonly stored: PersistentMap<number, Stored>;
  /** The lowest serial in `stored`, or `nextSerial` if nothing waits. */
  readonly firstSerial: number;
  readonly nextSerial: number;
  readonly storedBytes: number;
  readonly mailboxes: PersistentMap<PeerId, Mailbox>;
  readonly sources: PersistentMap<PeerId, Source>;
  /** By `pairKey`; one entry for each pair with a waiting message. */
  readonly pairs: PersistentMap<string, Pair>;
  /** The bytes that wait from each address group; never zero. */
  readonly addressBytes: PersistentMap<string, number>;
  /** The number of clients of each address group; never zero. */
  readonly addresses: PersistentMap<string, number>;
  /** By address group, the instant up to which its wrong tokens use up `wrong_token_rate`; see `rate.ts`. */
  readonly wrongTokens: PersistentMap<string, Millis>;
  readonly stopping: boolean;
  /** `null` before one is asked for. */
  readonly drain: Drain | null;
  /** `null` for a server that is alone. */
  readonly cluster: Cluster | null;
}

/** The state of a server that just started. */
export function initialState(rules: Rules): State {
  return {
    rules: rulesOf(rules),
    claims: emptyMap(),
    connections: emptyMap(),
    pending: emptyMap(),
    pendingLength: 0,
    idleCheckAt: null,
    stored: emptyMap(),
    firstSerial: 0,
    nextSerial: 0,
    storedBytes: 0,
    mailboxes: emptyMap(),
    sources: emptyMap(),
    pairs: emptyMap(),
    addressBytes: emptyMap(),
    addresses: emptyMap(),
    wrongTokens: emptyMap(),
    stopping: false,
    drain: null,
    cluster: null,
  };
}

/** The socket that holds an id; `undefined` if nobody does. */
export function holderOf(state: State, id: PeerId): ConnId | undefined {
  return mapGet(state.claims, id)?.conn;
}

/** The number of connected clients. */
export function clientCount(state: State): number {
  return state.claims.size;
}

/** Whether the server is about to stop: it takes no new clients. */
export function isStopping({ stopping, drain }: State): boolean {
  return stopping || drain !== null;
}

/** The ids of all connected clients. Walks over all of them. */
export function connectedIds(state: State): PeerId[] {
  return [...mapKeys(state.claims)];
}

/** The next deadline, or `null` if there is none. A `tick` at that instant or later handles it. */
export function nextWakeAt(state: State): Millis | null {
  const expiry = mapGet(state.stored, state.firstSerial)?.expiresAt;
  const look = firstDeadline(state.idleCheckAt)?.at;
  const tend = state.cluster === null ? null : clusterWakeAt(state.cluster);
  const wave = state.drain?.wakeAt ?? Infinity;
  const earliest = Math.min(expiry ?? Infinity, look ?? Infinity, tend ?? Infinity, wave);
  return earliest === Infinity ? null : millis(earliest);
}

/** The number of entries of each map and tree, for people: it walks over the trees, so no rule may use it. */
export function sizes(state: State): Readonly<Record<SizedField, number>> {
  return {
    claims: state.claims.size,
    connections: state.connections.size,
    pending: state.pending.size,
    idleCheckAt: deadlineCount(state.idleCheckAt),
    stored: state.stored.size,
    mailboxes: state.mailboxes.size,
    sources: state.sources.size,
    pairs: state.pairs.size,
    addressBytes: state.addressBytes.size,
    addresses: state.addresses.size,
    wrongTokens: state.wrongTokens.size,
  };
}

/** The fields of a state that have a size. A new map without a line in `sizes` does not compile. */
export type SizedField = {
  [Field in keyof State]: State[Field] extends AnyMap | Deadlines ? Field : never;
}[keyof State];

type AnyMap = Pick<PersistentMap<unknown, string>, "size"> & { readonly newer: unknown };

/**
 * Retires a state from which a newer one was made. The caller must never read it again: its maps throw.
 *
 * This saves the garbage collector work. An undo record keeps the next newer one alive, so a dead record in
 * the old generation keeps all later ones there. Measured with 20,000 clients: a heartbeat takes half the
 * time, and the longest pause falls from 45 ms to 8 ms.
 */
export function retire(state: State, newer: State): void {
  retireMap(state.claims, newer.claims);
  retireMap(state.connections, newer.connections);
  retireMap(state.pending, newer.pending);
  retireMap(state.stored, newer.stored);
  retireMap(state.mailboxes, newer.mailboxes);
  retireMap(state.sources, newer.sources);
  retireMap(state.pairs, newer.pairs);
  retireMap(state.addressBytes, newer.addressBytes);
  retireMap(state.addresses, newer.addresses);
  retireMap(state.wrongTokens, newer.wrongTokens);
  if (state.cluster !== null && newer.cluster !== null) retireCluster(state.cluster, newer.cluster);
}

function retireMap<K, V extends NonNullable<unknown>>(
  old: PersistentMap<K, V>,
  newer: PersistentMap<K, V>,
): void {
  if (old !== newer) mapRetire(old);
}

/** The key of a pair in `State.pairs`. The length distinguishes ("a", "bc") from ("ab", "c"). */
export function pairKey(src: PeerId, dst: PeerId): string {
  return `${src.length}:${src}${dst}`;
}

function deadlineCount(set: Deadlines): number {
  return set === null ? 0 : 1 + deadlineCount(set.earlier) + deadlineCount(set.later);
}
