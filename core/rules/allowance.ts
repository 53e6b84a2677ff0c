/**
 * The limits of one client and one address group: rates of frames and bytes, sockets, and wrong tokens.
 *
 * @module
 */
import type { Millis } from "../ids.ts";
import { spend } from "../rate.ts";
import { must } from "../collections/must.ts";
import { emptyMap, mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import type { Rules } from "../settings/rules.ts";
import type { Connection, State } from "../state.ts";

/** Pays for a frame: returns the new `paidUntil`, or `null` if it is over `frame_rate` and `frame_burst`. */
export function payForFrame(
  { frame_rate, frame_burst }: Rules,
  { paidUntil }: Connection,
  now: Millis,
): Millis | null {
  return spend(paidUntil, now, frame_rate, frame_burst);
}

/**
 * Pays for the bytes of a frame: returns the new `bytesPaidUntil`, or `null` if it is over `byte_rate` and
 * `byte_burst`. The burst is at least `max_message_bytes`, so that every message fits in it.
 */
export function payForBytes(
  { byte_rate, byte_burst, max_message_bytes }: Rules,
  { bytesPaidUntil }: Connection,
  bytes: number,
  now: Millis,
): Millis | null {
  return spend(bytesPaidUntil, now, byte_rate, Math.max(byte_burst, max_message_bytes), bytes);
}

/** Whether an address group may have one more client. */
export function hasAddressRoom({ rules, addresses }: State, address: string): boolean {
  const limit = rules.max_sockets_per_address;
  return limit === 0 || (mapGet(addresses, address) ?? 0) < limit;
}

/** Counts one more client for an address group. */
export function occupy({ addresses }: State, address: string): State["addresses"] {
  return mapSet(addresses, address, (mapGet(addresses, address) ?? 0) + 1);
}

/** Counts one client less for an address group. */
export function vacate({ addresses }: State, address: string): State["addresses"] {
  const count = must(mapGet(addresses, address)) - 1;
  return count > 0 ? mapSet(addresses, address, count) : mapDelete(addresses, address);
}

/**
 * Counts a wrong token of an address group. Beyond `wrong_token_addresses` all others are forgotten: an attacker
 * with that many addresses has as many tries anyway, so an order of eviction would cost memory for nothing.
 */
export function countWrongToken(state: State, address: string, now: Millis): State {
  const { wrongTokens, rules } = state;
  const spentUntil = spendTry(state, address, now);
  if (spentUntil === null || rules.wrong_token_rate === 0) return state;
  const isKnown = mapGet(wrongTokens, address) !== undefined;
  const hasPlace = isKnown || wrongTokens.size < rules.wrong_token_addresses;
  return {
    ...state,
    wrongTokens: mapSet(hasPlace ? wrongTokens : emptyMap(), address, spentUntil),
  };
}

/** Whether an address group may try another token; if not, the server compares none of its tokens. */
export function mayTryToken(state: State, address: string, now: Millis): boolean {
  return spendTry(state, address, now) !== null;
}

function spendTry({ rules, wrongTokens }: State, address: string, now: Millis): Millis | null {
  const { wrong_token_rate, wrong_token_burst } = rules;
  return spend(mapGet(wrongTokens, address) ?? now, now, wrong_token_rate, wrong_token_burst);
}
