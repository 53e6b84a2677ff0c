/**
 * Breaks of what a recording that begins in the middle begins with.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of a state as plain data, and back. */
export const SNAPSHOT_BREAKS: readonly Break[] = breaksOf("core/snapshot.ts", [
  {
    name: "who is to be looked at is not restored",
    rules: ["REC-7"],
    find: "lookAt: deadlinesOf(connections.map(([conn, { lookAt }]) => ({ at: lookAt, conn }))),",
    put: "lookAt: null,",
  },
  {
    name: "entries are in the order in which they came",
    rules: ["REC-7"],
    find: "return [...mapEntries(map)].sort(([a], [b]) => a < b ? -1 : 1);",
    put: "return [...mapEntries(map)];",
  },
  {
    name: "what waits is restored as somebody else's",
    rules: ["REC-7"],
    find: "pairs: mapOf(snapshot.pairs),",
    put: "pairs: mapOf<string, never>([]),",
  },
  {
    name: "the owners of what waits are not renamed",
    rules: ["REC-5"],
    find: "stored: ownersRenamed(snapshot.stored, rename),",
    put: "stored: snapshot.stored,",
  },
  {
    name: "the owners of claims are not renamed",
    rules: ["REC-5"],
    find: "claims: ownersRenamed(snapshot.claims, rename),",
    put: "claims: snapshot.claims,",
  },
]);
