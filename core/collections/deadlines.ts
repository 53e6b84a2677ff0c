/**
 * Deadlines of connections: a persistent ordered set of pairs (at, conn).
 *
 * It is a treap: a search tree over the pairs that is also a heap over priorities. A priority is a fixed
 * hash of its pair, so the set needs no randomness and a replay builds the same tree. A change copies the
 * path from the root to the changed node and shares the rest, so older sets stay unchanged. An operation
 * visits as many nodes as the tree is deep: expected logarithmic in the number of pairs, as long as nobody
 * chooses pairs for their hashes. Nobody can, because the server numbers connections one after the other.
 *
 * @module
 */

import type { ConnId, Millis } from "../ids.ts";

/** A set of deadlines; null is the empty set. */
export type Deadlines = DeadlineNode | null;

/** A connection, and when to check it. */
export interface Deadline {
  /** An instant of the monotonic clock, in milliseconds. */
  readonly at: Millis;
  readonly conn: ConnId;
}

/** A node of the treap; no node below it has a higher priority. Copies of it share the pair. */
export interface DeadlineNode {
  readonly pair: Deadline;
  readonly earlier: Deadlines;
  readonly later: Deadlines;
}

/**
 * Returns the set with the pair; the same set if it has the pair already. A connection may have
 * several deadlines.
 */
export function addDeadline(set: Deadlines, at: Millis, conn: ConnId): Deadlines {
  const pair = { at, conn };
  return add(set, pair, priorityOf(pair));
}

/** Returns the set without the pair; the same set if it does not have the pair. */
export function removeDeadline(set: Deadlines, at: Millis, conn: ConnId): Deadlines {
  return remove(set, { at, conn });
}

/** The deadline with the lowest `at`, then the lowest `conn`; null for the empty set. */
export function firstDeadline(set: Deadlines): Deadline | null {
  if (set === null) return null;
  let first = set;
  while (first.earlier !== null) first = first.earlier;
  return first.pair;
}

/** Finds an existing pair before it inserts: no node above the pair has a lower priority. */
function add(set: Deadlines, pair: Deadline, priority: number): DeadlineNode {
  if (set === null) return node(pair, null, null);
  if (priority > priorityOf(set.pair)) return node(pair, before(set, pair), after(set, pair));
  if (isBefore(pair, set.pair)) return withEarlier(set, add(set.earlier, pair, priority));
  if (isBefore(set.pair, pair)) return withLater(set, add(set.later, pair, priority));
  return set;
}

function remove(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  if (isBefore(pair, set.pair)) return withEarlier(set, remove(set.earlier, pair));
  if (isBefore(set.pair, pair)) return withLater(set, remove(set.later, pair));
  return join(set.earlier, set.later);
}

/** The part of the set before the pair, which the set does not contain. */
function before(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  return isBefore(set.pair, pair)
    ? withLater(set, before(set.later, pair))
    : before(set.earlier, pair);
}

/** The part of the set after the pair, which the set does not contain. */
function after(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  return isBefore(set.pair, pair)
    ? after(set.later, pair)
    : withEarlier(set, after(set.earlier, pair));
}

/** Joins two sets; every pair in `low` comes before every pair in `high`. */
function join(low: Deadlines, high: Deadlines): Deadlines {
  if (low === null) return high;
  if (high === null) return low;
  return priorityOf(low.pair) >= priorityOf(high.pair)
    ? withLater(low, join(low.later, high))
    : withEarlier(high, join(low, high.earlier));
}

function withEarlier(set: DeadlineNode, earlier: Deadlines): DeadlineNode {
  return earlier === set.earlier ? set : node(set.pair, earlier, set.later);
}

function withLater(set: DeadlineNode, later: Deadlines): DeadlineNode {
  return later === set.later ? set : node(set.pair, set.earlier, later);
}

function node(pair: Deadline, earlier: Deadlines, later: Deadlines): DeadlineNode {
  return { pair, earlier, later };
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.conn < b.conn);
}

/** Hashes the time too, so that many deadlines of one connection do not form one long branch. */
function priorityOf({ at, conn }: Deadline): number {
  return mix(mix(conn) ^ at);
}

/** Spreads neighbouring integers over all 32 bits. Odd factors and xor-shifts are bijections, so no bit is lost. */
function mix(input: number): number {
  let bits = Math.imul(input ^ (input >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return bits ^ (bits >>> 15);
}
