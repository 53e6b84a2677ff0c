/**
 * The protocol of a PeerJS signaling server, as a function.
 *
 * An adapter turns whatever happens (a socket opens, text arrives, time passes) into an {@linkcode Event},
 * gives it to {@linkcode reduce} with the state so far and the time, and performs the effects that come
 * back. There is no clock, no randomness and no I/O in here: the same state, event and instant always give
 * the same answer, and every state that was ever returned stays valid. `nextWakeAt` says when a `tick` is
 * due, so one timer is enough for everything that has a deadline.
 *
 * The rules, each with its number, source and tests, are in `SPEC.md`.
 *
 * @module
 */
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
export { type Option, OPTION_GROUPS } from "./settings/option.ts";
export * from "./settings/retired.ts";
export * from "./settings/options.ts";
export * from "./settings/rules.ts";
export { cutUrl, cutUrls, keyInQuery, unescapeOnce } from "./wire/url_text.ts";
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
