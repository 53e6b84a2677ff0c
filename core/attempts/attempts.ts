/**
 * The last attempts of all pairs, by their ids, pairs and peers: find, change, add, forget.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import {
  emptyMap,
  mapDelete,
  mapGet,
  mapRetire,
  mapSet,
  mapValues,
  type PersistentMap,
} from "../collections/persistent_map.ts";
import type { CloseCode } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import { spend } from "../rate.ts";
import { pairKey } from "../state.ts";
import type { Attempt } from "./attempt.ts";

/** The newest attempts of two peers, ascending, and how many of their messages may still be read. */
export interface Pair {
  readonly ids: readonly number[];
  readonly reads: number;
}

/** A socket with an id that was admitted, or refused. */
export interface Arrival {
  readonly id: PeerId;
  /** The id without what people confuse: case, and white space around it. */
  readonly folded: string;
  readonly at: Millis;
  /** Why it was refused; `null` if it was not. */
  readonly code: CloseCode | null;
}

/** The last attempts. Their ids are consecutive: the oldest is forgotten first. */
export interface Attempts {
  readonly byId: PersistentMap<number, Attempt>;
  /** By `keyOf` the two peers. */
  readonly pairs: PersistentMap<string, Pair>;
  /** The newest attempts of each peer, ascending. */
  readonly peers: PersistentMap<PeerId, readonly number[]>;
  readonly nextId: number;
  /** How many were forgotten. */
  readonly forgotten: number;
  /** The instant up to which the messages so far use up `READ_RATE`; see `rate.ts`. */
  readonly readsPaidUntil: Millis;
  /** How many messages were not looked at, because there were too many at once. */
  readonly overlooked: number;
  /** The last sockets, ascending; at most `ARRIVALS_MAX`. */
  readonly arrivals: readonly Arrival[];
}

/** Two peers. */
export type Ends = Pick<Message, "src" | "dst">;

export const ATTEMPTS_MAX = 1_000;
/** The attempts of a pair that still get messages. */
export const PAIR_MAX = 16;
/** The attempts of a peer that note when it joins and leaves. */
export const PEER_MAX = 64;
/** They are copied at each arrival, and searched at each offer that expires. */
export const ARRIVALS_MAX = 256;

/** The messages of 2,048 characters that are read in a second, and at once: a hundredth of a core or two. */
export const READ_RATE = 1_000;
export const READ_BURST = 2_000;

export function noAttempts(): Attempts {
  return {
    byId: emptyMap(),
    pairs: emptyMap(),
    peers: emptyMap(),
    nextId: 0,
    forgotten: 0,
    readsPaidUntil: millis(0),
    overlooked: 0,
    arrivals: [],
  };
}

/** The attempts, newest first. */
export function attemptsOf({ byId }: Attempts): Attempt[] {
  return [...mapValues(byId)].sort((a, b) => b.id - a.id);
}

/** Pays for reading a message, one for each 2,048 characters; `null` if too much is read. */
export function payForRead(
  attempts: Attempts,
  { text }: Pick<Message, "text">,
  now: Millis,
): Attempts | null {
  const price = 1 + (text.length >> 11);
  const readsPaidUntil = spend(attempts.readsPaidUntil, now, READ_RATE, READ_BURST, price);
  return readsPaidUntil === null ? null : { ...attempts, readsPaidUntil };
}

/** Notes a socket with an id that was admitted or refused. */
export function withArrival(attempts: Attempts, arrival: Omit<Arrival, "folded">): Attempts {
  const one = { ...arrival, folded: folded(arrival.id) };
  return { ...attempts, arrivals: attempts.arrivals.slice(1 - ARRIVALS_MAX).concat(one) };
}

/** An id without what people confuse. */
export function folded(id: PeerId): string {
  return id.trim().toLowerCase();
}

/** Retires older attempts, which the caller must never read again; `retire` in `state.ts` says why. */
export function retireAttempts(old: Attempts, newer: Attempts): void {
  if (old.byId !== newer.byId) mapRetire(old.byId);
  if (old.pairs !== newer.pairs) mapRetire(old.pairs);
  if (old.peers !== newer.peers) mapRetire(old.peers);
}

/** One key for both directions. */
export function keyOf({ src, dst }: Ends): string {
  return src < dst ? pairKey(src, dst) : pairKey(dst, src);
}

export function pairAt({ pairs }: Attempts, key: string): Pair {
  return mapGet(pairs, key) ?? NO_PAIR;
}

const NO_PAIR: Pair = { ids: [], reads: 0 };

/** The attempt with this id; `undefined` if it is forgotten. */
export function attemptAt({ byId }: Attempts, id: number | undefined): Attempt | undefined {
  return id === undefined ? undefined : mapGet(byId, id);
}

/** Keeps an attempt, if it changed. */
export function keep(attempts: Attempts, attempt: Attempt): Attempts {
  if (mapGet(attempts.byId, attempt.id) === attempt) return attempts;
  return { ...attempts, byId: mapSet(attempts.byId, attempt.id, attempt) };
}

/** Changes the first of some attempts that can be changed; the same attempts if none can. */
export function changeFirst(
  attempts: Attempts,
  ids: readonly number[],
  change: (attempt: Attempt) => Attempt | null,
): Attempts {
  for (const id of ids) {
    const changed = change(must(attemptAt(attempts, id)));
    if (changed !== null) return keep(attempts, changed);
  }
  return attempts;
}

/** Adds an attempt, of whose pair so many messages may be read. The oldest makes room for it. */
export function add(attempts: Attempts, attempt: Attempt, reads: number): Attempts {
  const { id, caller, callee } = attempt;
  const roomy = attempts.byId.size < ATTEMPTS_MAX ? attempts : forgetOldest(attempts);
  const key = keyOf({ src: caller, dst: callee });
  const { ids } = pairAt(roomy, key);
  return {
    ...roomy,
    byId: mapSet(roomy.byId, id, attempt),
    pairs: mapSet(roomy.pairs, key, { ids: [...ids.slice(1 - PAIR_MAX), id], reads }),
    peers: index(index(roomy.peers, caller, id), callee, id),
    nextId: id + 1,
  };
}

function forgetOldest(attempts: Attempts): Attempts {
  const id = attempts.nextId - attempts.byId.size;
  const { caller, callee } = must(attemptAt(attempts, id));
  const key = keyOf({ src: caller, dst: callee });
  const pair = pairAt(attempts, key);
  const ids = without(pair.ids, id);
  return {
    ...attempts,
    byId: mapDelete(attempts.byId, id),
    pairs: ids.length === 0
      ? mapDelete(attempts.pairs, key)
      : mapSet(attempts.pairs, key, { ...pair, ids }),
    peers: unindex(unindex(attempts.peers, caller, id), callee, id),
    forgotten: attempts.forgotten + 1,
  };
}

function index(peers: Attempts["peers"], peer: PeerId, id: number): Attempts["peers"] {
  const ids = mapGet(peers, peer) ?? [];
  return ids.at(-1) === id ? peers : mapSet(peers, peer, [...ids.slice(1 - PEER_MAX), id]);
}

function unindex(peers: Attempts["peers"], peer: PeerId, id: number): Attempts["peers"] {
  const ids = without(mapGet(peers, peer) ?? [], id);
  return ids.length === 0 ? mapDelete(peers, peer) : mapSet(peers, peer, ids);
}

function without(ids: readonly number[], id: number): readonly number[] {
  return ids.filter((one) => one !== id);
}
