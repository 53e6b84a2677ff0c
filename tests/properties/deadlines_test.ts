/**
 * Proves that the set of deadlines is a sorted list of pairs that no later change touches, and that
 * its tree stays shallow however the server uses it.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  addDeadline,
  type Deadline,
  type Deadlines,
  firstDeadline,
  removeDeadline,
} from "../../core/collections/deadlines.ts";
import { connId, millis } from "../../core/ids.ts";

/** What a program does with a pair. */
interface Change {
  readonly kind: "add" | "remove";
  readonly at: number;
  readonly conn: number;
}

/** A set, and the sorted list of what it should hold. */
interface Version {
  readonly set: Deadlines;
  readonly sorted: readonly Deadline[];
}

const COUNT = 100_000;

/** A random search tree of COUNT nodes is some 45 deep; one deeper than this is not random. */
const MAX_DEPTH = 80;

const program: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("add" as const, "add" as const, "remove" as const),
    at: fc.constantFrom(-1, 0, 0.25, 0.5, 1, 2, 1e12, Infinity),
    conn: fc.nat({ max: 9 }),
  }),
  { maxLength: 120, size: "max" },
);

Deno.test("the first deadline is the least pair after every change", () => {
  fc.assert(
    fc.property(program, (changes) => {
      for (const { set, sorted } of run(changes)) {
        assertEquals(firstDeadline(set), sorted[0] ?? null);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("taking the first away until none is left gives the pairs in order", () => {
  fc.assert(
    fc.property(program, (changes) => {
      const { set, sorted } = run(changes).at(-1) ?? EMPTY;
      assertEquals(drain(set), sorted);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("no change touches an older set", () => {
  fc.assert(
    fc.property(program, (changes) => {
      const versions = run(changes);
      for (const { set } of versions) drain(set);
      for (const { set, sorted } of versions) assertEquals(inOrder(set), sorted);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a change gives the same set back exactly if it changes nothing", () => {
  fc.assert(
    fc.property(program, (changes) => {
      let version = EMPTY;
      for (const change of changes) {
        const held = version.sorted.some((pair) => isSame(pair, change));
        const next = apply(version, change);
        assertStrictEquals(next.set === version.set, held === (change.kind === "add"));
        version = next;
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the tree stays shallow for 100,000 connections with one time", () => {
  assertShallow(setOf((serial) => ({ at: 60_000, conn: serial })));
});

Deno.test("the tree stays shallow for 100,000 connections, each later than the one before", () => {
  assertShallow(setOf((serial) => ({ at: serial, conn: serial })));
  assertShallow(setOf((serial) => ({ at: serial * 0.001, conn: serial })));
  assertShallow(setOf((serial) => ({ at: serial * 4096, conn: serial })));
});

Deno.test("the tree stays shallow for 100,000 connections, each earlier than the one before", () => {
  assertShallow(setOf((serial) => ({ at: COUNT - serial, conn: serial })));
});

Deno.test("the tree stays shallow for 100,000 times of one connection", () => {
  assertShallow(setOf((serial) => ({ at: serial, conn: 1 })));
});

Deno.test("the tree stays shallow while every connection is moved to a later time, twice", () => {
  let set = setOf((serial) => ({ at: serial, conn: serial }));
  for (let step = 0; step < 2 * COUNT; step++) {
    const at = millis(step);
    const conn = connId(step % COUNT);
    assertEquals(firstDeadline(set), { at, conn });
    set = addDeadline(removeDeadline(set, at, conn), millis(at + COUNT), conn);
  }
  assertShallow(set);
});

const EMPTY: Version = { set: null, sorted: [] };

/** The versions that the program makes, one for each change. */
function run(changes: readonly Change[]): Version[] {
  const versions: Version[] = [];
  for (const change of changes) versions.push(apply(versions.at(-1) ?? EMPTY, change));
  return versions;
}

function apply({ set, sorted }: Version, change: Change): Version {
  const pair = { at: millis(change.at), conn: connId(change.conn) };
  const others = sorted.filter((held) => !isSame(held, pair));
  return change.kind === "add"
    ? { set: addDeadline(set, pair.at, pair.conn), sorted: [...others, pair].sort(compare) }
    : { set: removeDeadline(set, pair.at, pair.conn), sorted: others };
}

function isSame(
  a: { readonly at: number; readonly conn: number },
  b: { readonly at: number; readonly conn: number },
): boolean {
  return a.at === b.at && a.conn === b.conn;
}

function compare(a: Deadline, b: Deadline): number {
  return a.at === b.at ? a.conn - b.conn : a.at < b.at ? -1 : 1;
}

/** The pairs in the order in which they come first, each taken away before the next is asked for. */
function drain(set: Deadlines): Deadline[] {
  const drained: Deadline[] = [];
  let rest = set;
  for (let first = firstDeadline(rest); first !== null; first = firstDeadline(rest)) {
    drained.push(first);
    rest = removeDeadline(rest, first.at, first.conn);
  }
  assertStrictEquals(rest, null);
  return drained;
}

/** The pairs as the tree holds them. */
function inOrder(set: Deadlines): Deadline[] {
  if (set === null) return [];
  return [...inOrder(set.earlier), { at: set.at, conn: set.conn }, ...inOrder(set.later)];
}

function setOf(
  pairOf: (serial: number) => { readonly at: number; readonly conn: number },
): Deadlines {
  let set: Deadlines = null;
  for (let serial = 0; serial < COUNT; serial++) {
    const { at, conn } = pairOf(serial);
    set = addDeadline(set, millis(at), connId(conn));
  }
  return set;
}

/** Fails unless the tree holds COUNT pairs and no path in it is longer than MAX_DEPTH. */
function assertShallow(set: Deadlines): void {
  let count = 0;
  let level = [set].filter((node) => node !== null);
  for (let depth = 0; level.length > 0; depth++) {
    assert(depth < MAX_DEPTH, `the tree is deeper than ${MAX_DEPTH}`);
    count += level.length;
    level = level.flatMap((node) => [node.earlier, node.later]).filter((node) => node !== null);
  }
  assertStrictEquals(count, COUNT);
}
