/**
 * A state as plain data that survives JSON, and back. A recording that begins in the middle begins with one.
 *
 * Maps become lists of entries in the order of their keys, so that equal states give equal data. The deadlines are
 * only an index and are rebuilt. The rules (`state.rules`) are not part of a snapshot; the caller stores them
 * beside it. Because a large snapshot would block the event loop, `takeSnapshot` copies the state first, and the
 * caller converts the copy piece by piece.
 *
 * @module
 */
import { type Cluster, emptyCluster } from "../cluster/member.ts";
import { addDeadline, type Deadline, type Deadlines } from "../collections/deadlines.ts";
import { must } from "../collections/must.ts";
import {
  emptyMap,
  mapKeys,
  mapSet,
  mapValues,
  type PersistentMap,
} from "../collections/persistent_map.ts";
import { millis } from "../ids.ts";
import { type Rules, rulesOf } from "../settings/rules.ts";
import type { State } from "../state.ts";

/** A state without its rules and its deadlines; each map is a list of entries. */
export type Snapshot = { readonly [Field in keyof Flat]: Plain<Flat[Field]> };

/** A state with the maps of its cluster beside its own; they are empty without a cluster. */
type Flat = Omit<State, "cluster" | "rules" | Rebuilt> & Renamed & {
  readonly cluster: Omit<Cluster, MapOfCluster> | null;
};

type MapOfCluster = {
  [Field in keyof Cluster]: Cluster[Field] extends PersistentMap<infer _K, infer _V> ? Field
    : never;
}[keyof Cluster];

type Renamed = {
  readonly [Field in MapOfCluster as `cluster${Capitalize<Field>}`]: Cluster[Field];
};

/** The entries of a map; can be iterated more than once. */
export interface Entries<K, V> {
  readonly size: number;
  readonly [Symbol.iterator]: () => Iterator<readonly [K, V]>;
}

/** A copy of a state from which the caller makes a snapshot later. */
export type Taken = {
  readonly [Field in keyof Flat]: Flat[Field] extends PersistentMap<infer K, infer V>
    ? Entries<K, V>
    : Flat[Field];
};

/** Makes a snapshot in one step. */
export function snapshotOf(state: State): Snapshot {
  const taken = takeSnapshot(state);
  return {
    ...taken,
    claims: inOrder(taken.claims),
    connections: inOrder(taken.connections),
    pending: inOrder(taken.pending),
    stored: inOrder(taken.stored),
    mailboxes: inOrder(taken.mailboxes),
    sources: inOrder(taken.sources),
    pairs: inOrder(taken.pairs),
    addressBytes: inOrder(taken.addressBytes),
    addresses: inOrder(taken.addresses),
    wrongTokens: inOrder(taken.wrongTokens),
    clusterAsked: inOrder(taken.clusterAsked),
    clusterReleased: inOrder(taken.clusterReleased),
    clusterReleasedOld: inOrder(taken.clusterReleasedOld),
    clusterYoung: inOrder(taken.clusterYoung),
    clusterOld: inOrder(taken.clusterOld),
    clusterFlights: inOrder(taken.clusterFlights),
    clusterOnWay: inOrder(taken.clusterOnWay),
    clusterLinks: inOrder(taken.clusterLinks),
    clusterIncoming: inOrder(taken.clusterIncoming),
    clusterRetries: inOrder(taken.clusterRetries),
  };
}

/**
 * Copies the keys and values of a state, which may be retired afterwards. This takes a hundredth of the time
 * that the text of a snapshot takes. Entries are in any order. A new map without a line here does not compile;
 * other fields are copied by the spread.
 */
export function takeSnapshot(state: State): Taken {
  const { rules: _rules, idleCheckAt: _lookAt, cluster, ...rest } = state;
  const {
    asked,
    released,
    releasedOld,
    young,
    old,
    flights,
    onWay,
    links,
    incoming,
    retries,
    ...own
  } = cluster ?? NO_CLUSTER;
  return {
    ...rest,
    cluster: cluster === null ? null : own,
    claims: entriesOf(state.claims),
    connections: entriesOf(state.connections),
    pending: entriesOf(state.pending),
    stored: entriesOf(state.stored),
    mailboxes: entriesOf(state.mailboxes),
    sources: entriesOf(state.sources),
    pairs: entriesOf(state.pairs),
    addressBytes: entriesOf(state.addressBytes),
    addresses: entriesOf(state.addresses),
    wrongTokens: entriesOf(state.wrongTokens),
    clusterAsked: entriesOf(asked),
    clusterReleased: entriesOf(released),
    clusterReleasedOld: entriesOf(releasedOld),
    clusterYoung: entriesOf(young),
    clusterOld: entriesOf(old),
    clusterFlights: entriesOf(flights),
    clusterOnWay: entriesOf(onWay),
    clusterLinks: entriesOf(links),
    clusterIncoming: entriesOf(incoming),
    clusterRetries: entriesOf(retries),
  };
}

const NO_CLUSTER = emptyCluster(millis(0));

/** Rebuilds the state of a snapshot: the same in everything that rules can observe. */
export function restore(rules: Rules, snapshot: Snapshot): State {
  const {
    cluster,
    clusterAsked,
    clusterReleased,
    clusterReleasedOld,
    clusterYoung,
    clusterOld,
    clusterFlights,
    clusterOnWay,
    clusterLinks,
    clusterIncoming,
    clusterRetries,
    ...rest
  } = snapshot;
  const { connections, pending } = rest;
  const deadlines = [
    ...connections.filter(([, { leftAt }]) => leftAt === null)
      .map(([conn, { idleCheckAt }]) => ({ at: idleCheckAt, conn })),
    ...pending.map(([conn, { until }]) => ({ at: until, conn })),
  ];
  return {
    ...rest,
    rules: rulesOf(rules),
    claims: mapOf(snapshot.claims),
    connections: mapOf(connections),
    pending: mapOf(pending),
    idleCheckAt: deadlinesOf(deadlines),
    stored: mapOf(snapshot.stored),
    mailboxes: mapOf(snapshot.mailboxes),
    sources: mapOf(snapshot.sources),
    pairs: mapOf(snapshot.pairs),
    addressBytes: mapOf(snapshot.addressBytes),
    addresses: mapOf(snapshot.addresses),
    wrongTokens: mapOf(snapshot.wrongTokens),
    cluster: cluster && {
      ...cluster,
      asked: mapOf(clusterAsked),
      released: mapOf(clusterReleased),
      releasedOld: mapOf(clusterReleasedOld),
      young: mapOf(clusterYoung),
      old: mapOf(clusterOld),
      flights: mapOf(clusterFlights),
      onWay: mapOf(clusterOnWay),
      links: mapOf(clusterLinks),
      incoming: mapOf(clusterIncoming),
      retries: mapOf(clusterRetries),
    },
  };
}

/** Fields that `restore` rebuilds from the others. */
type Rebuilt = "idleCheckAt";

type Plain<T> = T extends PersistentMap<infer K, infer V> ? readonly (readonly [K, V])[] : T;

function entriesOf<K extends number | string, V extends NonNullable<unknown>>(
  map: PersistentMap<K, V>,
): Entries<K, V> {
  const values = [...mapValues(map)];
  const keys = [...mapKeys(map)];
  return {
    size: keys.length,
    *[Symbol.iterator](): Generator<readonly [K, V]> {
      for (const [i, key] of keys.entries()) yield [key, must(values[i])];
    },
  };
}

function inOrder<K extends number | string, V>(entries: Entries<K, V>): (readonly [K, V])[] {
  return [...entries].sort(([a], [b]) => a < b ? -1 : 1);
}

function mapOf<K, V extends NonNullable<unknown>>(
  entries: readonly (readonly [K, V])[],
): PersistentMap<K, V> {
  let map = emptyMap<K, V>();
  for (const [key, value] of entries) map = mapSet(map, key, value);
  return map;
}

function deadlinesOf(deadlines: readonly Deadline[]): Deadlines {
  let set: Deadlines = null;
  for (const { at, conn } of deadlines) set = addDeadline(set, at, conn);
  return set;
}
