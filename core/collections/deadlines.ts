/**
 * Which connection is to be looked at when: an ordered set of pairs (at, conn).
 *
 * How it works: a treap, that is, a search tree over the pairs that is also a heap over priorities.
 * A priority is a fixed hash of its pair, so no randomness is needed and a replay builds the same
 * tree. Every change copies the path from the root to where it happens and shares the rest, so
 * every older set stays as it was. Each operation visits as many nodes as the tree is deep:
 * logarithmic in the number of pairs, expected, as long as nobody picks pairs for their hashes.
 * Nobody can: the server mints connection numbers one after the other.
 *
 * Must not know: why a connection is to be looked at, nor what time it is.
 *
 * @module
 */

import type { ConnId, Millis } from "../ids.ts";

/** A set of deadlines; null is the empty one. */
export type Deadlines = DeadlineNode | null;

/** A connection, and when to look at it. */
export interface Deadline {
  /** An instant of the monotonic clock, in milliseconds. */
  readonly at: Millis;
  /** The connection to look at then. */
  readonly conn: ConnId;
}

/** One deadline and those around it, none of which has a higher priority. */
export interface DeadlineNode extends Deadline {
  /** The deadlines before this one. */
  readonly earlier: Deadlines;
  /** The deadlines after this one. */
  readonly later: Deadlines;
}

/**
 * The set with the pair in it: the same set if it holds that pair already. A connection may have
 * deadlines at several times.
 */
export function addDeadline(set: Deadlines, at: Millis, conn: ConnId): Deadlines {
  return add(set, { at, conn }, priorityOf(at, conn));
}

/** The set without the pair: the same set if it does not hold it. */
export function removeDeadline(set: Deadlines, at: Millis, conn: ConnId): Deadlines {
  return remove(set, { at, conn });
}

/** The deadline with the lowest `at`, of several the one with the lowest `conn`; null if none. */
export function firstDeadline(set: Deadlines): Deadline | null {
  if (set === null) return null;
  let first = set;
  while (first.earlier !== null) first = first.earlier;
  return { at: first.at, conn: first.conn };
}

/** Nothing above a pair has a lower priority, so a pair that is held is met before its place. */
function add(set: Deadlines, pair: Deadline, priority: number): DeadlineNode {
  if (set === null) return node(pair, null, null);
  if (priority > priorityOf(set.at, set.conn)) {
    return node(pair, before(set, pair), after(set, pair));
  }
  if (isBefore(pair, set)) return withEarlier(set, add(set.earlier, pair, priority));
  if (isBefore(set, pair)) return withLater(set, add(set.later, pair, priority));
  return set;
}

function remove(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  if (isBefore(pair, set)) return withEarlier(set, remove(set.earlier, pair));
  if (isBefore(set, pair)) return withLater(set, remove(set.later, pair));
  return join(set.earlier, set.later);
}

/** The part of the set before the pair, which the set does not hold. */
function before(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  return isBefore(set, pair) ? withLater(set, before(set.later, pair)) : before(set.earlier, pair);
}

/** The part of the set after the pair, which the set does not hold. */
function after(set: Deadlines, pair: Deadline): Deadlines {
  if (set === null) return null;
  return isBefore(set, pair) ? after(set.later, pair) : withEarlier(set, after(set.earlier, pair));
}

/** Both sets as one; everything in `low` comes before everything in `high`. */
function join(low: Deadlines, high: Deadlines): Deadlines {
  if (low === null) return high;
  if (high === null) return low;
  return priorityOf(low.at, low.conn) >= priorityOf(high.at, high.conn)
    ? withLater(low, join(low.later, high))
    : withEarlier(high, join(low, high.earlier));
}

function withEarlier(set: DeadlineNode, earlier: Deadlines): DeadlineNode {
  return earlier === set.earlier ? set : node(set, earlier, set.later);
}

function withLater(set: DeadlineNode, later: Deadlines): DeadlineNode {
  return later === set.later ? set : node(set, set.earlier, later);
}

function node(pair: Deadline, earlier: Deadlines, later: Deadlines): DeadlineNode {
  return { at: pair.at, conn: pair.conn, earlier, later };
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.conn < b.conn);
}

/** Of the time too: many deadlines of one connection must not line up in one branch. */
function priorityOf(at: Millis, conn: ConnId): number {
  return mix(mix(conn) ^ at);
}

/** Spreads neighbouring integers over all 32 bits; odd factors and shifts lose none of them. */
function mix(input: number): number {
  let bits = Math.imul(input ^ (input >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return bits ^ (bits >>> 15);
}
