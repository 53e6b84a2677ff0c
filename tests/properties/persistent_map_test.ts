/**
 * Proves that every version of a persistent map stays a value, whatever is done to the others.
 *
 * A program is a list of operations, each on any version made so far. The oracle for what a version holds is the Map
 * of npm:immutable; for the order of its entries, a native Map.
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
interface Operation {
  readonly kind: "set" | "delete" | "get";
  readonly on: number | null;
  readonly key: Key;
  readonly value: Value;
}

/** A version, and the oracle's word on what it holds. */
interface Version {
  readonly map: PersistentMap<Key, Value>;
  readonly oracle: ImmutableMap<Key, Value>;
}

/** Names that objects inherit, numbers that are not equal to themselves or equal to another. */
const KEYS: readonly Key[] = [
  ..."a b c d e f g h __proto__ constructor toString 0 65536 ~ ~0 ~~0 NaN".split(" "),
  ...["", 0, -0, 1, -1, 0.5, NaN, Infinity, 2 ** 53],
];

const CHAIN_LENGTH = 1_000_000;

/** A program of up to a hundred operations of these kinds. */
function programOf(...kinds: Operation["kind"][]): fc.Arbitrary<Operation[]> {
  const operation = fc.record({
    kind: fc.constantFrom(...kinds),
    on: fc.option(fc.nat(), { freq: 2 }),
    key: fc.constantFrom(...KEYS),
    value: fc.constantFrom<Value>(0, 1, 2, NaN, "", "x", false, true),
  });
  return fc.array(operation, { maxLength: 100, size: "max" });
}

const reads = fc.array(fc.nat(), { maxLength: 100, size: "max" });

Deno.test("every version holds what the oracle says, and is the same where nothing changes", () => {
  const program = programOf("set", "set", "set", "set", "set", "delete", "delete", "delete", "get");
  fc.assert(
    fc.property(program, reads, (operations, order) => {
      const versions: Version[] = [{ map: emptyMap(), oracle: ImmutableMap() }];
      for (const operation of operations) {
        const { map, oracle } = pick(versions, operation.on);
        const { kind, key, value } = operation;
        if (kind === "get") assertSameAt({ map, oracle }, key);
        else {
          const isSame = kind === "set" ? Object.is(oracle.get(key), value) : !oracle.has(key);
          const next = perform(map, operation);
          assertStrictEquals(next === map, isSame);
          const expected = kind === "set" ? oracle.set(key, value) : oracle.delete(key);
          versions.push({ map: next, oracle: expected });
        }
      }
      for (const index of order) assertAgrees(pick(versions, index));
      for (const version of versions) assertAgrees(version);
      for (const version of versions.toReversed()) assertAgrees(version);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("values are told apart as Object.is does, keys as a native Map does", () => {
  const zero = mapSet(emptyMap<number, number>(), -0, 0);
  const minusZero = mapSet(zero, 0, -0);
  assertStrictEquals(mapSet(zero, 0, 0), zero);
  assertEquals([mapGet(minusZero, -0), mapGet(zero, -0), minusZero.size], [-0, 0, 1]);
  assertStrictEquals([...mapKeys(minusZero)][0], 0);
});

Deno.test("maps made apart share nothing", () => {
  const [left, right] = [emptyMap<string, number>(), emptyMap<string, number>()];
  const filled = mapSet(left, "a", 1);
  assertEquals([right, left, filled].map((map) => mapHas(map, "a")), [false, false, true]);
  mapSet(right, "a", 2);
  assert(filled.native !== null, "the newest version of one map lost its entries to another map");
});

Deno.test("a version a million undo records old can be read, and the newest after it", () => {
  const oldest = mapSet(emptyMap<number, number>(), -1, -1);
  let [middle, newest] = [oldest, oldest];
  const native = new Map([[-1, -1]]);
  for (let step = 0; step < CHAIN_LENGTH; step++) {
    newest = mapSet(newest, step % 1009, step);
    native.set(step % 1009, step);
    if (step === CHAIN_LENGTH / 2) middle = newest;
  }
  for (let round = 0; round < 2; round++) {
    assertEquals([[...mapEntries(oldest)], oldest.size], [[[-1, -1]], 1]);
    assertStrictEquals(mapGet(middle, CHAIN_LENGTH / 2 % 1009), CHAIN_LENGTH / 2);
    assertEquals([[...mapEntries(newest)], newest.size], [[...native], native.size]);
  }
});

Deno.test("while only the newest version is used, the order is that of a native Map", () => {
  fc.assert(
    fc.property(programOf("set", "set", "delete"), (program) => {
      let map = emptyMap<Key, Value>();
      const native = new Map<Key, Value>();
      for (const operation of program) {
        map = perform(map, operation);
        if (operation.kind === "set") native.set(operation.key, operation.value);
        else native.delete(operation.key);
        assertEquals([...mapEntries(map)], [...native]);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("while no key is removed, every version keeps the order of insertion", () => {
  fc.assert(
    fc.property(programOf("set"), reads, (program, order) => {
      const versions = [{ map: emptyMap<Key, Value>(), native: new Map<Key, Value>() }];
      for (const { on, key, value } of program) {
        const base = pick(versions, on);
        const native = new Map(base.native).set(key, value);
        versions.push({ map: mapSet(base.map, key, value), native });
      }
      for (const index of order) {
        const { map, native } = pick(versions, index);
        assertEquals([...mapEntries(map)], [...native]);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a removed key comes last once an older version is read", () => {
  const both = mapSet(mapSet(emptyMap<string, number>(), "a", 1), "b", 2);
  assertEquals([...mapKeys(mapDelete(both, "a"))], ["b"]);
  assertEquals([...mapKeys(both)], ["b", "a"]);
});

Deno.test("walking the entries or keys of a version is safe while others are read and made", () => {
  const empty = emptyMap<number, number>();
  const full = Array.from({ length: 50 }).reduce<typeof empty>(
    (map, _, i) => mapSet(map, i, i),
    empty,
  );
  for (const walk of [mapEntries, mapKeys]) {
    let [map, count] = [full, 0];
    for (const item of walk<number, number>(full)) {
      const index = typeof item === "number" ? item : item[0];
      assertStrictEquals(index, count++);
      map = mapDelete(map, index);
      assertStrictEquals(mapHas(empty, index), false);
      mapSet(full, -1 - index, 0);
    }
    assertEquals([map.size, count], [0, 50]);
  }
});

function perform(map: Version["map"], { kind, key, value }: Operation): Version["map"] {
  return kind === "set" ? mapSet(map, key, value) : mapDelete(map, key);
}

/** The version that a number stands for; null stands for the newest. */
function pick<T>(versions: readonly T[], on: number | null): T {
  const picked = versions[on === null ? versions.length - 1 : on % versions.length];
  if (picked === undefined) throw new Error("There is no version to pick");
  return picked;
}

function assertAgrees(version: Version): void {
  const { map, oracle } = version;
  for (const key of KEYS) assertSameAt(version, key);
  const entries = [...mapEntries(map)];
  assertEquals([map.size, entries.length], [oracle.size, oracle.size]);
  for (const [key, value] of entries) assertStrictEquals(value, oracle.get(key));
  assertEquals([...mapKeys(map)], entries.map(([key]) => key));
}

function assertSameAt({ map, oracle }: Version, key: Key): void {
  assertStrictEquals(mapGet(map, key), oracle.get(key));
  assertStrictEquals(mapHas(map, key), oracle.has(key));
}

Deno.test("[STATE-7] a small map moves to a new native Map before V8 moves its table, and a large one does not", () => {
  for (const [size, moves] of [[40, true], [20_000, false]] as const) {
    let map = emptyMap<number, number>();
    for (let key = 0; key < size; key++) map = mapSet(map, key, key);
    const { native } = map;
    for (let key = 0; key < size; key++) map = mapSet(mapDelete(map, key), key + size, key);
    assertEquals([map.size, map.native !== native], [size, moves]);
    const copied = [...mapEntries(map)];
    assertEquals([copied[0], copied.at(-1)], [[size, 0], [2 * size - 1, size - 1]]);
  }
});
