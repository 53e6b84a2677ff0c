/**
 * Proves that every version of a persistent map stays a value, whatever is done to the others.
 *
 * A program is a list of operations, each on any version made so far. The oracle for what a version
 * holds is the Map of npm:immutable; for the order of its entries, a native Map.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Map as ImmutableMap } from "immutable";
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapHas,
  mapKeys,
  mapSet,
  type PersistentMap,
} from "../../core/collections/persistent_map.ts";

type Key = string | number;
type Value = string | number | boolean;

/** What is done at a key of the version that `on` picks; null picks the newest. */
interface Step<Kind> {
  readonly kind: Kind;
  readonly on: number | null;
  readonly key: Key;
}

type Change = Step<"set"> & { readonly value: Value } | Step<"delete">;
type Operation = Change | Step<"get">;

/** A version, and the oracle's word on what it holds. */
interface Version {
  readonly map: PersistentMap<Key, Value>;
  readonly oracle: ImmutableMap<Key, Value>;
}

/** Names that objects inherit, numbers that are not equal to themselves or equal to another. */
const KEYS: readonly Key[] = [
  ..."abcdefgh",
  ...[
    "",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "0",
    "65536",
    "~",
    "~0",
    "~~0",
    "NaN",
  ],
  ...[0, -0, 1, -1, 0.5, NaN, Infinity, 2 ** 53],
];

const CHAIN_LENGTH = 1_000_000;

const key = fc.constantFrom(...KEYS);
const value: fc.Arbitrary<Value> = fc.constantFrom<Value>(0, 1, 2, NaN, "", "x", false, true);
const on = fc.option(fc.nat(), { freq: 2 });
const set = fc.record({ kind: fc.constant("set" as const), on, key, value });
const remove = fc.record({ kind: fc.constant("delete" as const), on, key });
const get = fc.record({ kind: fc.constant("get" as const), on, key });
const reads = fc.array(fc.nat(), { maxLength: 100, size: "max" });

Deno.test("every version holds what the oracle says, in whatever order they are read", () => {
  const operations = programOf<Operation>(
    { weight: 5, arbitrary: set },
    { weight: 3, arbitrary: remove },
    { weight: 1, arbitrary: get },
  );
  fc.assert(
    fc.property(operations, reads, (program, order) => {
      const versions = run(program);
      for (const index of order) assertAgrees(pick(versions, index));
      for (const version of versions) assertAgrees(version);
      for (const version of versions.toReversed()) assertAgrees(version);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("an operation gives the same map back exactly if it changes nothing", () => {
  const operations = programOf<Change>(
    { weight: 1, arbitrary: set },
    { weight: 1, arbitrary: remove },
  );
  fc.assert(
    fc.property(operations, (program) => {
      const versions = [start()];
      for (const operation of program) {
        const before = pick(versions, operation.on);
        const after = apply(before, operation);
        const unchanged = operation.kind === "set"
          ? Object.is(before.oracle.get(operation.key), operation.value)
          : !before.oracle.has(operation.key);
        assertStrictEquals(after.map === before.map, unchanged);
        versions.push(after);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("values are told apart as Object.is does, keys as a native Map does", () => {
  const zero = mapSet(emptyMap<number, number>(), -0, 0);
  assertStrictEquals(mapSet(zero, 0, 0), zero);
  const minusZero = mapSet(zero, 0, -0);
  assertStrictEquals(mapGet(minusZero, -0), -0);
  assertStrictEquals(mapGet(zero, -0), 0);
  assertStrictEquals(minusZero.size, 1);
  assertStrictEquals([...mapKeys(minusZero)][0], 0);

  const notANumber = mapSet(emptyMap<number, number>(), NaN, NaN);
  assertStrictEquals(mapSet(notANumber, NaN, NaN), notANumber);
  assertStrictEquals(mapDelete(notANumber, NaN).size, 0);
  assertStrictEquals(mapGet(notANumber, NaN), NaN);
});

Deno.test("maps made apart share nothing", () => {
  const left = emptyMap<string, number>();
  const right = emptyMap<string, number>();
  const filled = mapSet(left, "a", 1);
  assertStrictEquals(mapHas(right, "a"), false);
  assertStrictEquals(mapHas(left, "a"), false);
  assertStrictEquals(mapHas(filled, "a"), true);
  mapSet(right, "a", 2);
  assert(filled.native !== null, "the newest version of one map lost its entries to another map");
});

Deno.test("a version a million undo records old can be read, and the newest after it", () => {
  const oldest = mapSet(emptyMap<number, number>(), -1, -1);
  let middle = oldest;
  let newest = oldest;
  const native = new Map([[-1, -1]]);
  for (let step = 0; step < CHAIN_LENGTH; step++) {
    newest = mapSet(newest, step % 1009, step);
    native.set(step % 1009, step);
    if (step === CHAIN_LENGTH / 2) middle = newest;
  }
  for (let round = 0; round < 2; round++) {
    assertEquals([...mapEntries(oldest)], [[-1, -1]]);
    assertStrictEquals(oldest.size, 1);
    assertStrictEquals(mapGet(middle, CHAIN_LENGTH / 2 % 1009), CHAIN_LENGTH / 2);
    assertEquals([...mapEntries(newest)], [...native]);
    assertStrictEquals(newest.size, native.size);
  }
});

Deno.test("while only the newest version is used, the order is that of a native Map", () => {
  const operations = programOf<Change>(
    { weight: 2, arbitrary: set },
    { weight: 1, arbitrary: remove },
  );
  fc.assert(
    fc.property(operations, (program) => {
      let map = emptyMap<Key, Value>();
      const native = new Map<Key, Value>();
      for (const operation of program) {
        map = perform(map, operation);
        if (operation.kind === "set") native.set(operation.key, operation.value);
        else native.delete(operation.key);
        assertSameOrder(map, native);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("while no key is removed, every version keeps the order of insertion", () => {
  fc.assert(
    fc.property(programOf({ weight: 1, arbitrary: set }), reads, (program, order) => {
      const versions = [{ map: emptyMap<Key, Value>(), native: new Map<Key, Value>() }];
      for (const { on, key, value } of program) {
        const base = pick(versions, on);
        const native = new Map(base.native).set(key, value);
        versions.push({ map: mapSet(base.map, key, value), native });
      }
      for (const index of order) {
        const { map, native } = pick(versions, index);
        assertSameOrder(map, native);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a removed key comes last once an older version is read", () => {
  const both = mapSet(mapSet(emptyMap<string, number>(), "a", 1), "b", 2);
  const one = mapDelete(both, "a");
  assertEquals([...mapKeys(one)], ["b"]);
  assertEquals([...mapKeys(both)], ["b", "a"]);
});

Deno.test("walking the entries or keys of a version is safe while others are read and made", () => {
  let map = emptyMap<number, number>();
  const empty = map;
  for (let index = 0; index < 50; index++) map = mapSet(map, index, index);
  const full = map;
  const expected = Array.from({ length: 50 }, (_, index) => index);

  const walked: number[] = [];
  for (const [index] of mapEntries(full)) {
    walked.push(index);
    map = mapDelete(map, index);
    assertStrictEquals(mapHas(empty, index), false);
    mapSet(full, -index, 0);
  }
  assertEquals(walked, expected);
  assertStrictEquals(map.size, 0);

  for (const index of mapKeys(full)) {
    assertStrictEquals(mapHas(map, index), false);
    walked.splice(walked.indexOf(index), 1);
  }
  assertEquals(walked, []);
});

/** A program of up to a hundred operations of these kinds. */
function programOf<T extends Operation>(
  ...choices: fc.MaybeWeightedArbitrary<T>[]
): fc.Arbitrary<T[]> {
  return fc.array(fc.oneof(...choices), { maxLength: 100, size: "max" });
}

/** All versions that the program makes, after an empty one. */
function run(program: readonly Operation[]): Version[] {
  const versions = [start()];
  for (const operation of program) {
    const base = pick(versions, operation.on);
    if (operation.kind === "get") assertSameAt(base, operation.key);
    else versions.push(apply(base, operation));
  }
  return versions;
}

function start(): Version {
  return { map: emptyMap(), oracle: ImmutableMap() };
}

function apply({ map, oracle }: Version, change: Change): Version {
  return {
    map: perform(map, change),
    oracle: change.kind === "set"
      ? oracle.set(change.key, change.value)
      : oracle.delete(change.key),
  };
}

function perform(map: PersistentMap<Key, Value>, change: Change): PersistentMap<Key, Value> {
  return change.kind === "set" ? mapSet(map, change.key, change.value) : mapDelete(map, change.key);
}

/** The version that a number stands for; null stands for the newest. */
function pick<T>(versions: readonly T[], on: number | null): T {
  const picked = versions[on === null ? versions.length - 1 : on % versions.length];
  if (picked === undefined) throw new Error("Cannot pick a version: there is none");
  return picked;
}

function assertAgrees(version: Version): void {
  const { map, oracle } = version;
  for (const key of KEYS) assertSameAt(version, key);
  assertStrictEquals(map.size, oracle.size);
  const entries = [...mapEntries(map)];
  assertStrictEquals(entries.length, oracle.size);
  for (const [key, value] of entries) {
    assert(oracle.has(key));
    assertStrictEquals(value, oracle.get(key));
  }
  assertEquals([...mapKeys(map)], entries.map(([key]) => key));
}

function assertSameAt({ map, oracle }: Version, key: Key): void {
  assertStrictEquals(mapGet(map, key), oracle.get(key));
  assertStrictEquals(mapHas(map, key), oracle.has(key));
}

function assertSameOrder(map: PersistentMap<Key, Value>, native: ReadonlyMap<Key, Value>): void {
  assertEquals([...mapEntries(map)], [...native]);
}
