/**
 * Breaks of what a recording that begins in the middle begins with.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of a state as plain data, and back. */
export const SNAPSHOT_BREAKS: readonly Break[] = breaksOf("core/inspect/snapshot.ts", [
  {
    name: "who is to be looked at is not restored",
    rules: ["REC-7"],
    find:
      "idleCheckAt: deadlinesOf(connections.map(([conn, { idleCheckAt }]) => ({ at: idleCheckAt, conn }))),",
    put: "idleCheckAt: null,",
  },
  {
    name: "entries are in the order in which they came",
    rules: ["REC-7"],
    find: "return [...entries].sort(([a], [b]) => a < b ? -1 : 1);",
    put: "return [...entries];",
  },
  {
    name: "what waits is restored as somebody else's",
    rules: ["REC-7"],
    find: "pairs: mapOf(snapshot.pairs),",
    put: "pairs: mapOf<string, never>([]),",
  },
  {
    name: "what waits of an address is not restored",
    rules: ["REC-7"],
    find: "addressBytes: mapOf(snapshot.addressBytes),",
    put: "addressBytes: mapOf<string, never>([]),",
  },
  {
    name: "what is taken has the values of other keys",
    rules: ["REC-7"],
    find: "const values = [...mapValues(map)];",
    put: "const values = [...mapValues(map)].reverse();",
  },
]);
