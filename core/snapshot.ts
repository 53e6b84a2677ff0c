/**
 * A state as plain data that survives JSON, and back: what a recording that begins in the middle begins with.
 *
 * Maps are lists of entries in the order of their keys, so that equal states give equal data. What is only
 * an index of something else, the deadlines, is made anew. Records are carried whole, whatever
 * is in them. The settings are not in it: whoever keeps a snapshot keeps them beside it.
 *
 * @module
 */
import { addDeadline, type Deadline, type Deadlines } from "./deadlines.ts";
import type { Owner } from "./ids.ts";
import { emptyMap, mapEntries, mapSet, type PersistentMap } from "./persistent_map.ts";
import type { Settings } from "./settings.ts";
import type { State } from "./state.ts";

/** A state without its settings and its deadlines; each map as its entries. */
export type Snapshot = {
  readonly [Field in Exclude<keyof State, "settings" | Rebuilt>]: Plain<State[Field]>;
};

/** The state as data. A new map without a line here does not compile; anything else goes along. */
export function snapshotOf(state: State): Snapshot {
  const { settings: _settings, lookAt: _lookAt, ...rest } = state;
  return {
    ...rest,
    claims: entriesOf(state.claims),
    connections: entriesOf(state.connections),
    stored: entriesOf(state.stored),
    mailboxes: entriesOf(state.mailboxes),
    sources: entriesOf(state.sources),
    pairs: entriesOf(state.pairs),
    addresses: entriesOf(state.addresses),
    wrongTokens: entriesOf(state.wrongTokens),
  };
}

/** The state that a snapshot was made of; equal to it in all that rules can see. */
export function restore(settings: Settings, snapshot: Snapshot): State {
  const { connections } = snapshot;
  return {
    ...snapshot,
    settings,
    claims: mapOf(snapshot.claims),
    connections: mapOf(connections),
    lookAt: deadlinesOf(connections.map(([conn, { lookAt }]) => ({ at: lookAt, conn }))),
    stored: mapOf(snapshot.stored),
    mailboxes: mapOf(snapshot.mailboxes),
    sources: mapOf(snapshot.sources),
    pairs: mapOf(snapshot.pairs),
    addresses: mapOf(snapshot.addresses),
    wrongTokens: mapOf(snapshot.wrongTokens),
  };
}

/** The snapshot with another name for each owner: an owner is a token where tokens are not checked. */
export function renameOwners(snapshot: Snapshot, rename: (owner: Owner) => Owner): Snapshot {
  const renamed: Pick<Snapshot, Owned> = {
    claims: ownersRenamed(snapshot.claims, rename),
    stored: ownersRenamed(snapshot.stored, rename),
  };
  return { ...snapshot, ...renamed };
}

/** What is made of the rest. */
type Rebuilt = "lookAt";

type Entries<K, V> = readonly (readonly [K, V])[];

type Plain<T> = T extends PersistentMap<infer K, infer V> ? Entries<K, V> : T;

/** The fields whose records have an owner: one more without a line in `renameOwners` does not compile. */
type Owned = {
  [Field in keyof Snapshot]: Snapshot[Field] extends Entries<unknown, { readonly owner: unknown }>
    ? Field
    : never;
}[keyof Snapshot];

function entriesOf<K extends number | string, V extends NonNullable<unknown>>(
  map: PersistentMap<K, V>,
): Entries<K, V> {
  return [...mapEntries(map)].sort(([a], [b]) => a < b ? -1 : 1);
}

function mapOf<K, V extends NonNullable<unknown>>(entries: Entries<K, V>): PersistentMap<K, V> {
  let map = emptyMap<K, V>();
  for (const [key, value] of entries) map = mapSet(map, key, value);
  return map;
}

function deadlinesOf(deadlines: readonly Deadline[]): Deadlines {
  let set: Deadlines = null;
  for (const { at, conn } of deadlines) set = addDeadline(set, at, conn);
  return set;
}

function ownersRenamed<K, V extends { readonly owner: Owner | null }>(
  entries: Entries<K, V>,
  rename: (owner: Owner) => Owner,
): Entries<K, V> {
  return entries.map(([key, record]) => {
    const { owner } = record;
    return [key, owner === null ? record : { ...record, owner: rename(owner) }];
  });
}
