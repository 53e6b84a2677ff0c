/**
 * How much one client, and one address, may do: rates, counts, and the price of wrong tokens.
 *
 * Rates need no timers: a connection notes until when its frames have used up what is allowed, which is
 * all that a token bucket has to know (the "generic cell rate algorithm"). Wrong tokens are counted by
 * address for a fixed time, so the addresses are forgotten in the order in which they came.
 *
 * @module
 */
import { addDeadline, firstDeadline, removeDeadline } from "./deadlines.ts";
import { CLOSE, close, type Effect, send } from "./effect.ts";
import { errorFrame, ID_TAKEN_FRAME } from "./frame.ts";
import { type ConnId, type Millis, millis } from "./ids.ts";
import { must } from "./must.ts";
import { mapDelete, mapGet, mapSet } from "./persistent_map.ts";
import type { Settings } from "./settings.ts";
import type { Connection, State, Waiting } from "./state.ts";

/** Until when one more frame uses up the rate, or `null` where it is over `frame_rate` and `frame_burst`. */
export function payForFrame(
  { frame_rate, frame_burst }: Settings,
  { paidUntil }: Connection,
  now: Millis,
): Millis | null {
  if (frame_rate === 0) return paidUntil;
  const priceMs = 1_000 / frame_rate;
  const next = Math.max(paidUntil, now) + priceMs;
  // Half a price more than the burst costs, so that sums of fractions cannot take a frame away.
  return next - now > (frame_burst + 0.5) * priceMs ? null : millis(next);
}

/** Whether an address may have one more socket. */
export function hasAddressRoom({ settings, addresses }: State, address: string): boolean {
  const limit = settings.max_sockets_per_address;
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

/** How many wrong tokens an address has tried in the time that counts. */
export function wrongTokensOf(state: State, address: string, now: Millis): number {
  const wrong = mapGet(state.wrongTokens, address);
  return wrong === undefined || wrong.until <= now ? 0 : wrong.count;
}

/** Whether an address tried too many wrong tokens, and no more sockets may wait. */
export function isShutOut(state: State, address: string, now: Millis): boolean {
  const { wrong_token_limit, max_waiting_sockets } = state.settings;
  const wrong = wrongTokensOf(state, address, now);
  return wrong > 0 && wrong >= wrong_token_limit && state.waiting.size >= max_waiting_sockets;
}

/** Counts a wrong token, and answers it: at once, or, once too often, after a wait that doubles each time. */
export function answerWrongToken(
  state: State,
  { conn, address }: { readonly conn: ConnId; readonly address: string },
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { wrong_token_limit, max_wrong_token_delay, max_waiting_sockets } = state.settings;
  const count = wrongTokensOf(state, address, now) + 1;
  const counted = countWrongToken(state, address, now);
  const over = count - wrong_token_limit;
  const delayMs = over <= 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (over - 1), max_wrong_token_delay);
  if (delayMs === 0) return [counted, idTaken(conn)];
  if (state.waiting.size >= max_waiting_sockets || !hasAddressRoom(state, address)) {
    return [counted, refusedForMany(conn)];
  }
  const answerAt = millis(now + delayMs);
  return [{
    ...occupy(counted, address),
    waiting: mapSet(state.waiting, conn, { answerAt, address, isGone: false }),
    answerAt: addDeadline(state.answerAt, answerAt, conn),
  }, []];
}

/** The refusal of an address that tried too many wrong tokens. */
export function refusedForMany(conn: ConnId): readonly Effect[] {
  return [send(conn, errorFrame(TOO_MANY_WRONG)), close(conn, CLOSE.tooMany, TOO_MANY_WRONG)];
}

/** Answers the wrong tokens whose wait is over. */
export function answerLate(state: State, now: Millis): readonly [State, readonly Effect[]] {
  const effects: Effect[] = [];
  let next = state;
  for (;;) {
    const first = firstDeadline(next.answerAt);
    if (first === null || first.at > now) return [next, effects];
    const waiting = must(mapGet(next.waiting, first.conn));
    next = stopWaiting(next, first.conn, waiting);
    if (!waiting.isGone) effects.push(...idTaken(first.conn));
  }
}

/** A socket that waits is closed: whoever hangs up early does not get the next try any sooner. */
export function leaveWaiting(state: State, conn: ConnId, waiting: Waiting): State {
  return { ...state, waiting: mapSet(state.waiting, conn, { ...waiting, isGone: true }) };
}

function stopWaiting(state: State, conn: ConnId, { answerAt, address }: Waiting): State {
  return {
    ...vacate(state, address),
    waiting: mapDelete(state.waiting, conn),
    answerAt: removeDeadline(state.answerAt, answerAt, conn),
  };
}

const TOO_MANY_WRONG = "Too many wrong tokens from this address: try again later";
const FIRST_DELAY_MS = 100;

function idTaken(conn: ConnId): Effect[] {
  return [send(conn, ID_TAKEN_FRAME), close(conn, CLOSE.idTaken, "ID is taken")];
}

function countWrongToken(state: State, address: string, now: Millis): State {
  const { wrong_token_window, wrong_token_addresses } = state.settings;
  const known = mapGet(state.wrongTokens, address);
  if (known !== undefined && known.until > now) {
    const wrongTokens = mapSet(state.wrongTokens, address, { ...known, count: known.count + 1 });
    return { ...state, wrongTokens };
  }
  let next = state;
  while (isOldestForgettable(next, now) || next.wrongTokens.size >= wrong_token_addresses) {
    next = forgetOldest(next);
  }
  const serial = next.nextWrong;
  const until = millis(now + wrong_token_window);
  return {
    ...next,
    wrongTokens: mapSet(next.wrongTokens, address, { count: 1, until, serial }),
    wrongOrder: mapSet(next.wrongOrder, serial, address),
    nextWrong: serial + 1,
  };
}

function isOldestForgettable(state: State, now: Millis): boolean {
  const address = mapGet(state.wrongOrder, state.firstWrong);
  return address !== undefined && must(mapGet(state.wrongTokens, address)).until <= now;
}

/** All windows are equally long, so the oldest address is over first, and no other is ever forgotten. */
function forgetOldest(state: State): State {
  const { firstWrong } = state;
  const address = must(mapGet(state.wrongOrder, firstWrong));
  return {
    ...state,
    wrongTokens: mapDelete(state.wrongTokens, address),
    wrongOrder: mapDelete(state.wrongOrder, firstWrong),
    firstWrong: firstWrong + 1,
  };
}
