/**
 * A persistent map that costs little more than a native Map.
 *
 * It uses Baker's re-rooting (Conchon and Filliâtre, "A persistent union-find data structure", 2007). The
 * newest version owns one native Map. Every older version is an undo record: one key, its old value and a
 * pointer to the next newer version. Reading an older version undoes the records up to it and makes it the
 * owner, in time linear in their number; reading the owner costs nothing more. A reference to an old version
 * keeps every newer one alive. Entries are in insertion order while only the newest version is used, but
 * re-rooting restores a removed key at the end, so no rule may depend on the order.
 *
 * A native Map that is emptied as it is filled moves to a new table now and then, and the dead one points to it. Once
 * one of them is in the old generation of the collector, all later ones get there too, with all that was in them when
 * they died (measured: pauses of 40 ms in place of 1 ms). So a small Map is replaced by a copy before it would move.
 *
 * Strangers choose keys. V8 hashes strings of digits by their value, without a seed, so those are stored under
 * another name (measured: 30,000 colliding ones took 100 µs each to set, and now take 0.7 µs).
 *
 * @module
 */

/** Values are never null or undefined, because undefined means "absent". */
type Held = NonNullable<unknown>;

/** One version of a map, compared by identity. All fields but `size` are internal. */
export interface PersistentMap<K, V extends Held> {
  readonly size: number;
  /** The native Map in the owner; null in an undo record. */
  readonly native: Map<K, V> | null;
  /** The next newer version in an undo record; it differs in `key`. Null in the owner. */
  readonly newer: PersistentMap<K, V> | null;
  /** The key that differs in an undo record, as stored; undefined in the owner. */
  readonly key: K | undefined;
  /** The value of `key` in an undo record; undefined if this version does not have it. */
  readonly value: V | undefined;
  /** About how many keys were deleted from the native Map since it was made. */
  readonly holes: number;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
type Version<K, V extends Held> = Mutable<PersistentMap<K, V>>;

/** An empty map that shares nothing with any other. */
export function emptyMap<K, V extends Held>(): PersistentMap<K, V> {
  return owner(0, new Map(), 0);
}

/** The value at `key`; undefined if it is absent. */
export function mapGet<K, V extends Held>(map: PersistentMap<K, V>, key: K): V | undefined {
  return (map.native ?? reroot(map)).get(kept(key));
}

export function mapHas<K, V extends Held>(map: PersistentMap<K, V>, key: K): boolean {
  return (map.native ?? reroot(map)).has(kept(key));
}

/** Returns the map with `value` at `key`; the same map if it has that value there already, by `Object.is`. */
export function mapSet<K, V extends Held>(
  map: PersistentMap<K, V>,
  given: K,
  value: V,
): PersistentMap<K, V> {
  const native = map.native ?? reroot(map);
  const key = kept(given);
  const old = native.get(key);
  if (Object.is(old, value)) return map;
  native.set(key, value);
  const size = old === undefined ? map.size + 1 : map.size;
  return makeUndoRecord(map, key, old, owner(size, native, map.holes));
}

/** Returns the map without `key`; the same map if `key` is absent. */
export function mapDelete<K, V extends Held>(
  map: PersistentMap<K, V>,
  given: K,
): PersistentMap<K, V> {
  const native = map.native ?? reroot(map);
  const key = kept(given);
  const old = native.get(key);
  if (!native.delete(key)) return map;
  const [size, holes] = [map.size - 1, map.holes + 1];
  const isWorn = holes > HOLES_MIN && holes > size / 2 && size < COPIED_MAX;
  const next = isWorn ? owner(size, new Map(native), 0) : owner(size, native, holes);
  return makeUndoRecord(map, key, old, next);
}

/** Retires an older version: reading it throws from now on. `retire` in `state.ts` says why. */
export function mapRetire<K, V extends Held>(map: Version<K, V>): void {
  if (map.native === null) map.newer = null;
}

/** A copy of the entries: any version may be used during the iteration. */
export function mapEntries<K, V extends Held>(map: PersistentMap<K, V>): Iterable<readonly [K, V]> {
  return Array.from(map.native ?? reroot(map), ([key, value]) => [given(key), value] as const);
}

/** A copy of the keys, in the order of `mapEntries`. */
export function mapKeys<K, V extends Held>(map: PersistentMap<K, V>): Iterable<K> {
  return Array.from((map.native ?? reroot(map)).keys(), given);
}

/** A copy of the values, in the order of `mapKeys`. Both together take a tenth of the time of `mapEntries`. */
export function mapValues<K, V extends Held>(map: PersistentMap<K, V>): Iterable<V> {
  return [...(map.native ?? reroot(map)).values()];
}

/**
 * The key in the native Map. V8 hashes a string that looks like an integer of up to 16 digits by its value
 * (`tests/core/collision_test.ts`), so such a key gets a mark in front, and so does a key that begins with the mark.
 */
function kept<K>(key: K): K {
  if (typeof key !== "string") return key;
  const first = key.charCodeAt(0);
  const isMarked = first === MARK_UNIT || (first >= 48 && first <= 57 && key.length <= 16);
  return isMarked ? `${MARK}${key}` as K & string : key;
}

function given<K>(key: K): K {
  return typeof key === "string" && key.startsWith(MARK) ? key.slice(1) as K & string : key;
}

const MARK = "~";
const MARK_UNIT = 126;

/** A Map with fewer deleted keys is not copied: its tables are young. */
const HOLES_MIN = 16;

/** A larger Map is not copied, because that takes too long at once; it moves seldom. */
const COPIED_MAX = 8_192;

/** Creates every version, so that all objects have one shape in V8. */
function owner<K, V extends Held>(
  size: number,
  native: Map<K, V>,
  holes: number,
): Version<K, V> {
  return { size, native, newer: null, key: undefined, value: undefined, holes };
}

/** Makes `map` the owner. A loop, not a recursion: millions of records can lie between. */
function reroot<K, V extends Held>(map: Version<K, V>): Map<K, V> {
  const path: Version<K, V>[] = [];
  let from = map;
  for (; from.newer !== null; from = from.newer) path.push(from);
  const { native } = from;
  if (native === null) throw new TypeError("Cannot read a version that was retired");
  for (let to = path.pop(); to !== undefined; to = path.pop()) {
    const { key, value } = to as { key: K; value: V | undefined };
    from = makeUndoRecord(from, key, native.get(key), to);
    if (value === undefined) native.delete(key);
    else native.set(key, value);
  }
  Object.assign(map, owner(map.size, native, map.holes));
  return native;
}

/** Turns `from` into the undo record of `to`, which no longer has `old` at `key`. */
function makeUndoRecord<K, V extends Held, M extends Version<K, V>>(
  from: M,
  key: K,
  old: V | undefined,
  to: M,
): M {
  from.native = null;
  from.newer = to;
  from.key = key;
  from.value = old;
  return to;
}
