/**
 * Breaks of what the state is made of: the ordered set of deadlines, and the map of which old versions stay.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const DEADLINES = breaksOf("core/collections/deadlines.ts", [
  {
    name: "the first deadline is the one at the root",
    rules: ["STATE-2"],
    find: "while (first.earlier !== null) first = first.earlier;",
    put: "",
  },
  {
    name: "of deadlines at one time the last connection comes first",
    rules: ["STATE-1"],
    find: "a.conn < b.conn",
    put: "a.conn > b.conn",
  },
  {
    name: "deadlines at one time are one",
    rules: ["LIFE-1"],
    find: " || (a.at === b.at && a.conn < b.conn)",
    put: "",
  },
  {
    name: "with a deadline those after it are taken away",
    rules: ["LIFE-1"],
    find: "return join(set.earlier, set.later);",
    put: "return set.earlier ?? set.later;",
  },
  {
    name: "two trees are joined, and the middle is lost",
    rules: ["LIFE-1"],
    find: "withLater(low, join(low.later, high))",
    put: "withLater(low, high)",
  },
  {
    name: "two trees are joined in the wrong order",
    rules: ["LIFE-1"],
    find: "withEarlier(high, join(low, high.earlier))",
    put: "withEarlier(high, join(high.earlier, low))",
  },
  {
    name: "two trees are joined without a look at their priorities",
    rules: ["STATE-5"],
    find: "priorityOf(low.at, low.conn) >= priorityOf(high.at, high.conn)",
    put: "priorityOf(low.at, low.conn) <= priorityOf(high.at, high.conn)",
  },
  {
    name: "a new deadline goes to the top by the lowest priority",
    rules: ["STATE-5"],
    find: "if (priority > priorityOf(set.at, set.conn)) {",
    put: "if (priority < priorityOf(set.at, set.conn)) {",
  },
  {
    name: "a tree is split, and the earlier side is the later one",
    rules: ["LIFE-1"],
    find: "return node(pair, before(set, pair), after(set, pair));",
    put: "return node(pair, after(set, pair), before(set, pair));",
  },
  {
    name: "all priorities are one: the tree is a list",
    rules: ["STATE-5"],
    find: "return mix(mix(conn) ^ at);",
    put: "return 0;",
  },
  {
    name: "the deadlines of one connection line up",
    rules: ["STATE-5"],
    find: "return mix(mix(conn) ^ at);",
    put: "return mix(conn);",
  },
  {
    name: "a set that did not change is a new one",
    rules: ["STATE-2"],
    find: "return earlier === set.earlier ? set : node",
    put: "return node",
  },
  {
    name: "a deadline is added in place, in older sets too",
    rules: ["STATE-1"],
    find: "return later === set.later ? set : node(set, set.earlier, later);",
    put: "return Object.assign(set, { later });",
  },
]);

const MAP = breaksOf("core/collections/persistent_map.ts", [
  {
    name: "keys are kept as strangers wrote them",
    rules: ["FAULT-30"],
    find: "return isMarked ? `${MARK}${key}` as K & string : key;",
    put: "return key;",
  },
  {
    name: "a key that begins with the mark is kept as it is",
    rules: ["FAULT-30", "OPEN-8"],
    find: "first === MARK_UNIT || (first",
    put: "(first",
  },
  {
    name: "long numbers are kept as they are",
    rules: ["FAULT-30"],
    find: "key.length <= 16",
    put: "key.length <= 9",
  },
  {
    name: "keys are given back with their mark",
    rules: ["HTTP-3"],
    find: "key.startsWith(MARK) ? key.slice(1) as K & string : key;",
    put: "key.startsWith(MARK) ? key : key;",
  },
  {
    name: "an equal value makes a new version",
    rules: ["STATE-2"],
    find: "if (Object.is(old, value)) return map;",
    put: "",
  },
  {
    name: "values are told apart by ===",
    rules: ["STATE-1"],
    find: "Object.is(old, value)",
    put: "old === value",
  },
  {
    name: "taking out what is absent makes a new version",
    rules: ["STATE-2"],
    find: "if (!native.delete(key)) return map;",
    put: "native.delete(key);",
  },
  {
    name: "a value put in another's place counts as one more",
    rules: ["OPEN-6"],
    find: "old === undefined ? map.size + 1 : map.size",
    put: "map.size + 1",
  },
  {
    name: "what was taken out still counts",
    rules: ["OPEN-6"],
    find: "owner(map.size - 1, native)",
    put: "owner(map.size, native)",
  },
  {
    name: "an undo record forgets what its key held",
    rules: ["STATE-1"],
    find: "from.value = old;",
    put: "from.value = undefined;",
  },
  {
    name: "an older version that is read writes wrong undo records",
    rules: ["STATE-1"],
    find: "makeUndoRecord(from, key, native.get(key), to)",
    put: "makeUndoRecord(from, key, value, to)",
  },
  {
    name: "an older version that is read keeps keys that it never had",
    rules: ["STATE-1"],
    find: "if (value === undefined) native.delete(key);\n    else native.set(key, value);",
    put: "native.set(key, value as V);",
  },
  {
    name: "walking the entries walks what changes meanwhile",
    rules: ["STATE-1"],
    find:
      "return Array.from(map.native ?? reroot(map), ([key, value]) => [given(key), value] as const);",
    put: "return map.native ?? reroot(map);",
  },
  {
    name: "walking the keys walks what changes meanwhile",
    rules: ["STATE-1"],
    find: "return Array.from((map.native ?? reroot(map)).keys(), given);",
    put: "return (map.native ?? reroot(map)).keys();",
  },
  {
    name: "giving up a version does nothing",
    rules: ["STATE-6"],
    find: "if (map.native === null) map.newer = null;",
    put: "",
  },
  {
    name: "giving up the newest version loses it",
    rules: ["STATE-6"],
    find: "if (map.native === null) map.newer = null;",
    put: "map.native = map.newer = null;",
  },
  {
    name: "a version that was given up reads as empty",
    rules: ["STATE-6"],
    find: 'if (native === null) throw new TypeError("Cannot read a version that was retired");',
    put: "if (native === null) return new Map();",
  },
  {
    name: "all maps begin as one",
    rules: ["STATE-1"],
    find: "return owner(0, new Map());\n}",
    put: "return owner(0, SHARED as Map<K, V>);\n}\n\nconst SHARED = new Map();",
  },
]);

/** Every break of deadlines and maps. */
export const MAP_BREAKS: readonly Break[] = [...DEADLINES, ...MAP];
