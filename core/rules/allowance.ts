/**
 * How much one client, and one address, may do: rates, counts, and tries of tokens.
 *
 * Rates need no timers: each notes until when what was used takes up what is allowed, which is all that a
 * token bucket has to know (the "generic cell rate algorithm").
 *
 * @module
 */
import { type Millis, millis } from "../ids.ts";
import { must } from "../collections/must.ts";
import { emptyMap, mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import type { Rules } from "../settings/rules.ts";
import type { Connection, State } from "../state.ts";

/** Until when one more frame uses up the rate, or `null` where it is over `frame_rate` and `frame_burst`. */
export function payForFrame(
  { frame_rate, frame_burst }: Rules,
  { paidUntil }: Connection,
  now: Millis,
): Millis | null {
  return spend(paidUntil, now, frame_rate, frame_burst);
}

/**
 * Until when a message of so many bytes uses up the rate, or `null` where it is over `byte_rate` and
 * `byte_burst`; a message of `max_message_bytes` can always be sent at once.
 */
export function payForBytes(
  { byte_rate, byte_burst, max_message_bytes }: Rules,
  { bytesPaidUntil }: Connection,
  bytes: number,
  now: Millis,
): Millis | null {
  return spend(bytesPaidUntil, now, byte_rate, Math.max(byte_burst, max_message_bytes), bytes);
}

/** Whether an address may have one more socket. */
export function hasAddressRoom({ rules, addresses }: State, address: string): boolean {
  const limit = rules.max_sockets_per_address;
  return limit === 0 || (mapGet(addresses, address) ?? 0) < limit;
}

/** Counts one more socket for an address. */
export function occupy(state: State, address: string): State {
  const count = (mapGet(state.addresses, address) ?? 0) + 1;
  return { ...state, addresses: mapSet(state.addresses, address, count) };
}

/** Counts one socket less for an address. */
export function vacate(state: State, address: string): State {
  const count = must(mapGet(state.addresses, address)) - 1;
  const { addresses } = state;
  return {
    ...state,
    addresses: count > 0 ? mapSet(addresses, address, count) : mapDelete(addresses, address),
  };
}

/**
 * Counts a wrong token of an address. Where no more addresses may be remembered, all others are forgotten: who
 * commands that many has as many tries anyway, so nothing is kept to forget them one by one.
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

/** Whether an address may try another token; where not, no token of it is looked at. */
export function mayTryToken(state: State, address: string, now: Millis): boolean {
  return spendTry(state, address, now) !== null;
}

function spendTry({ rules, wrongTokens }: State, address: string, now: Millis): Millis | null {
  const { wrong_token_rate, wrong_token_burst } = rules;
  return spend(mapGet(wrongTokens, address) ?? now, now, wrong_token_rate, wrong_token_burst);
}

/**
 * Until when so many uses more take up what is allowed, or `null` where they would be over `rate` a second in
 * the long run and `burst` at once. A rate of 0 allows any number.
 */
function spend(
  until: Millis,
  now: Millis,
  rate: number,
  burst: number,
  count = 1,
): Millis | null {
  if (rate === 0) return until;
  const priceMs = 1_000 / rate;
  const next = Math.max(until, now) + count * priceMs;
  // Half a price more than the burst costs, so that sums of fractions cannot take a use away.
  return next - now > (burst + 0.5) * priceMs ? null : millis(next);
}
