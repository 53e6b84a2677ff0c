/**
 * Proves that the set of deadlines is a sorted list of pairs that no later change touches, and that its tree stays
 * shallow however the server uses it.
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

const COUNT = 100_000;

/** A random search tree of COUNT nodes is some 45 deep; one deeper than this is not random. */
const MAX_DEPTH = 80;

const program = fc.array(
  fc.record({
    isAdded: fc.constantFrom(true, true, false),
    at: fc.constantFrom(-1, 0, 0.25, 0.5, 1, 2, 1e12, Infinity).map(millis),
    conn: fc.nat({ max: 9 }).map(connId),
  }),
  { maxLength: 120, size: "max" },
);

Deno.test("every set is its sorted list, whatever is made of it, and the same where nothing changes", () => {
  fc.assert(
    fc.property(program, (changes) => {
      let [set, sorted]: [Deadlines, readonly Deadline[]] = [null, []];
      const versions: [Deadlines, readonly Deadline[]][] = [];
      for (const { isAdded, at, conn } of changes) {
        const others = sorted.filter((held) => held.at !== at || held.conn !== conn);
        const isHeld = others.length < sorted.length;
        const next = (isAdded ? addDeadline : removeDeadline)(set, at, conn);
        assertStrictEquals(next === set, isHeld === isAdded);
        sorted = isAdded ? [...others, { at, conn }].sort(compare) : others;
        set = next;
        assertEquals(firstDeadline(set), sorted[0] ?? null);
        versions.push([set, sorted]);
      }
      assertEquals(drain(set), sorted);
      for (const [set, sorted] of versions) assertEquals(inOrder(set), sorted);
    }),
    { numRuns: 1000 },
  );
});

/** How 100,000 deadlines come. */
const CROWDS: Readonly<Record<string, (serial: number) => readonly [at: number, conn: number]>> = {
  "with one time": (serial) => [60_000, serial],
  "each later than the one before": (serial) => [serial, serial],
  "each earlier than the one before": (serial) => [COUNT - serial, serial],
  "of one connection": (serial) => [serial, 1],
};

for (const [how, pairOf] of Object.entries(CROWDS)) {
  Deno.test(`the tree stays shallow for 100,000 deadlines ${how}`, () => {
    assertShallow(setOf(pairOf));
  });
}

Deno.test("the tree stays shallow while every connection is moved to a later time, twice", () => {
  let set = setOf((serial) => [serial, serial]);
  for (let step = 0; step < 2 * COUNT; step++) {
    const [at, conn] = [millis(step), connId(step % COUNT)];
    assertEquals(firstDeadline(set), { at, conn });
    set = addDeadline(removeDeadline(set, at, conn), millis(at + COUNT), conn);
  }
  assertShallow(set);
});

function compare(a: Deadline, b: Deadline): number {
  return a.at === b.at ? a.conn - b.conn : a.at < b.at ? -1 : 1;
}

/** The pairs in the order in which they come first, each taken away before the next is asked for. */
function drain(set: Deadlines): Deadline[] {
  const first = firstDeadline(set);
  if (first === null) return [];
  return [first, ...drain(removeDeadline(set, first.at, first.conn))];
}

/** The pairs as the tree holds them. */
function inOrder(set: Deadlines): Deadline[] {
  if (set === null) return [];
  return [...inOrder(set.earlier), set.pair, ...inOrder(set.later)];
}

function setOf(pairOf: (serial: number) => readonly [at: number, conn: number]): Deadlines {
  let set: Deadlines = null;
  for (let serial = 0; serial < COUNT; serial++) {
    const [at, conn] = pairOf(serial);
    set = addDeadline(set, millis(at), connId(conn));
  }
  return set;
}

/** Fails unless the tree holds COUNT pairs and no path in it is longer than MAX_DEPTH. */
function assertShallow(set: Deadlines): void {
  let [count, level] = [0, [set].filter((node) => node !== null)];
  for (let depth = 0; level.length > 0; depth++) {
    assert(depth < MAX_DEPTH, `the tree is deeper than ${MAX_DEPTH}`);
    count += level.length;
    level = level.flatMap((node) => [node.earlier, node.later]).filter((node) => node !== null);
  }
  assertStrictEquals(count, COUNT);
}
