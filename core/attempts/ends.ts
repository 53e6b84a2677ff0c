/**
 * What a state says about the two peers of an attempt.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import { mapGet, mapHas } from "../collections/persistent_map.ts";
import { type Millis, type PeerId, peerId } from "../ids.ts";
import { holderOf, type State } from "../state.ts";
import { copyOf } from "../wire/text.ts";
import type { Addresses, Attempt, Refusal } from "./attempt.ts";
import { type Arrival, type Attempts, folded } from "./attempts.ts";

/** Adds the addresses of those who are connected, and what they say. */
export function withAddresses(attempt: Attempt, state: State): Attempt {
  const { caller, callee, addresses: known } = attempt;
  const addresses = {
    caller: addressOf(state, caller) ?? known.caller,
    callee: addressOf(state, callee) ?? known.callee,
  };
  return { ...attempt, addresses, sameAddress: isSameAddress(addresses) };
}

/**
 * Whether both sides come from one address group; `null` if that cannot be known. Addresses of two families can be of
 * one network, and so can two private ones, which the server sees where it is in that network itself.
 */
export function isSameAddress({ caller, callee }: Addresses): boolean | null {
  if (caller === null || callee === null || caller.includes(":") !== callee.includes(":")) {
    return null;
  }
  const sameAddress = caller === callee;
  if (!sameAddress && PRIVATE_ADDRESS.test(caller) && PRIVATE_ADDRESS.test(callee)) return null;
  return sameAddress;
}

/** RFC 1918, loopback, link-local, RFC 6598; RFC 4193 and link-local of IPv6. */
const PRIVATE_ADDRESS = new RegExp(
  [
    ...["^10\\.", "^127\\.", "^192\\.168\\.", "^172\\.(?:1[6-9]|2\\d|3[01])\\.", "^169\\.254\\."],
    ...["^100\\.(?:6[4-9]|[7-9]\\d|1[01]\\d|12[0-7])\\.", "^f[cd]", "^fe[89ab]"],
  ].join("|"),
);

/** A connected peer that may be meant: of those in mixed case only the last that came are known. */
function nearId({ arrivals }: Attempts, state: State, id: PeerId): PeerId | null {
  const trimmed = id.trim();
  const plain = folded(id);
  const others = [
    ...[trimmed, plain, trimmed.toUpperCase()].map(peerId),
    ...arrivals.filter((one) => one.folded === plain).map((one) => one.id),
  ];
  return others.find((other) => other !== id && mapHas(state.claims, other)) ?? null;
}

/** The last socket with an id that was admitted or refused, if that is not long before an instant. */
function lastArrival({ arrivals }: Attempts, id: PeerId, at: Millis): Arrival | null {
  const since = at - REFUSED_MS;
  const before = arrivals.filter((one) => one.at <= at);
  return before.findLast((one) => one.id === id && one.at >= since) ?? null;
}

/** A refusal of the callee so long before the offer expires says why it was not there. */
const REFUSED_MS = 60_000;

/** What a server knows of a peer that an offer did not find until an instant. */
export interface Hint {
  /** A connected peer that may be meant; `null` if there is none. */
  readonly near: PeerId | null;
  /** The last socket with the id, if it came shortly before. */
  readonly last: Pick<Arrival, "at" | "code"> | null;
}

/** What is known of the peer that an offer was for, which expired then. */
export function hintFor(attempts: Attempts, state: State, callee: PeerId, at: Millis): Hint {
  return { near: nearId(attempts, state, callee), last: lastArrival(attempts, callee, at) };
}

/** What a hint says of a refusal. */
export function refusalIn({ last }: Pick<Hint, "last">): Refusal | null {
  return last === null || last.code === null ? null : { at: last.at, code: last.code };
}

/** A copy of an id that was cut out of a frame. */
export function copied(id: PeerId): PeerId {
  return peerId(copyOf(id));
}

/** The address group of a peer; `null` if it is not known. */
function addressOf(state: State, peer: PeerId): string | null {
  const conn = holderOf(state, peer);
  const address = conn === undefined ? "" : must(mapGet(state.connections, conn)).address;
  return NETWORK_ADDRESS.test(address) ? address : null;
}

/** Not unknown, and not the other end of a unix socket. */
const NETWORK_ADDRESS = /[.:]/;
