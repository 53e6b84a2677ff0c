/**
 * The protocol of a PeerJS signaling server, as a function.
 *
 * An adapter turns each occurrence (a socket opens, text arrives, time passes) into an {@linkcode Event},
 * passes it to {@linkcode reduce} with the current state and time, and performs the effects that
 * `reduce` returns. The core has no clock, no randomness and no I/O: the same state, event and instant always
 * give the same result, and a returned state stays valid. `nextWakeAt` says when the next `tick` is due, so
 * one timer serves every deadline.
 *
 * `SPEC.md` lists the rules, each with its number, source and tests.
 *
 * @module
 */
export {
  addDeadline,
  type Deadlines,
  firstDeadline,
  removeDeadline,
} from "./collections/deadlines.ts";
export * from "./rules/address.ts";
export * from "./effect.ts";
export * from "./event.ts";
export * from "./wire/frame.ts";
export * from "./wire/text.ts";
export * from "./http.ts";
export * from "./ids.ts";
export * from "./message.ts";
export * from "./rules/origin.ts";
export * from "./settings/parse.ts";
export * from "./reduce.ts";
export {
  type ClusterAddress,
  readClusterUrl,
  type RedisHost,
  shownCluster,
  shownHost,
} from "./settings/cluster_url.ts";
export { type Option, OPTION_GROUPS } from "./settings/option.ts";
export * from "./settings/retired.ts";
export * from "./settings/options.ts";
export * from "./settings/rules.ts";
export type * from "./settings/settings.ts";
export {
  cutUrl,
  cutUrls,
  keyInQuery,
  parametersOf,
  unescapeOnce,
  urlHost,
} from "./wire/url_text.ts";
export {
  type Entries,
  restore,
  type Snapshot,
  snapshotOf,
  type Taken,
  takeSnapshot,
} from "./inspect/snapshot.ts";
export {
  type Claim,
  clientCount,
  connectedIds,
  type Connection,
  holderOf,
  initialState,
  isStopping,
  nextWakeAt,
  retire,
  type SizedField,
  sizes,
  type State,
} from "./state.ts";
export { STORED_OVERHEAD_BYTES } from "./rules/mailbox.ts";
export { violations } from "./inspect/invariants.ts";
export {
  mapEntries,
  mapGet,
  mapHas,
  mapKeys,
  type PersistentMap,
} from "./collections/persistent_map.ts";
