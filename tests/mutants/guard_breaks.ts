/**
 * Breaks of rates, and of the price of wrong tokens.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what one client, and one address, may do. */
export const GUARD_BREAKS: readonly Break[] = breaksOf("core/guard.ts", [
  {
    name: "the rate is refilled twice",
    rules: ["LIMIT-1"],
    find: "const priceMs = 1_000 / frame_rate;",
    put: "const priceMs = 500 / frame_rate;",
  },
  {
    name: "frame_burst off by one: one frame more",
    rules: ["LIMIT-1"],
    find: "(frame_burst + 0.5)",
    put: "(frame_burst + 1.5)",
  },
  {
    name: "frame_burst off by one: one frame less",
    rules: ["LIMIT-1"],
    find: "(frame_burst + 0.5)",
    put: "(frame_burst - 0.5)",
  },
  {
    name: "fractions take frames away at exactly the rate",
    rules: ["LIMIT-1"],
    find: "(frame_burst + 0.5)",
    put: "frame_burst",
  },
  {
    name: "a long silence saves up more than a burst",
    rules: ["LIMIT-1"],
    find: "Math.max(paidUntil, now) + priceMs",
    put: "paidUntil + priceMs",
  },
  {
    name: "a burst never comes back",
    rules: ["LIMIT-1"],
    find: "return next - now > (frame_burst",
    put: "return next > (frame_burst",
  },
  {
    name: "max_sockets_per_address off by one: one socket more",
    rules: ["LIMIT-2"],
    find: "(mapGet(addresses, address) ?? 0) < limit",
    put: "(mapGet(addresses, address) ?? 0) <= limit",
  },
  {
    name: "max_sockets_per_address off by one: one socket less",
    rules: ["LIMIT-2"],
    find: "(mapGet(addresses, address) ?? 0) < limit",
    put: "(mapGet(addresses, address) ?? 0) + 1 < limit",
  },
  {
    name: "max_sockets_per_address of 0 admits nobody",
    rules: ["LIMIT-2"],
    find: "return limit === 0 || ",
    put: "return ",
  },
  {
    name: "the last socket of an address leaves an entry of zero",
    rules: ["FAULT-25", "STATE-3"],
    find: "addresses: count > 0 ?",
    put: "addresses: count >= 0 ?",
  },
  {
    name: "wrong_token_limit off by one: one try more",
    rules: ["LIMIT-3"],
    find: "const over = count - wrong_token_limit;",
    put: "const over = count - wrong_token_limit - 1;",
  },
  {
    name: "wrong_token_limit off by one: one try less",
    rules: ["LIMIT-3"],
    find: "const over = count - wrong_token_limit;",
    put: "const over = count - wrong_token_limit + 1;",
  },
  {
    name: "the delay is not doubled",
    rules: ["LIMIT-3"],
    find: "FIRST_DELAY_MS * 2 ** (over - 1)",
    put: "FIRST_DELAY_MS * over",
  },
  {
    name: "the delay is not capped",
    rules: ["LIMIT-3"],
    find: "Math.min(FIRST_DELAY_MS * 2 ** (over - 1), max_wrong_token_delay)",
    put: "(max_wrong_token_delay && FIRST_DELAY_MS * 2 ** (over - 1))",
  },
  {
    name: "the first delay is twice as long",
    rules: ["LIMIT-3"],
    find: "FIRST_DELAY_MS = 100",
    put: "FIRST_DELAY_MS = 200",
  },
  {
    name: "max_waiting_sockets off by one: one socket more",
    rules: ["LIMIT-4"],
    find: "state.waiting.size >= max_waiting_sockets || ",
    put: "state.waiting.size > max_waiting_sockets || ",
  },
  {
    name: "max_waiting_sockets off by one: one socket less",
    rules: ["LIMIT-4"],
    find: "state.waiting.size >= max_waiting_sockets || ",
    put: "state.waiting.size + 1 >= max_waiting_sockets || ",
  },
  {
    name: "an address may have any number of sockets that wait",
    rules: ["LIMIT-2"],
    find: " || !hasAddressRoom(state, address)",
    put: "",
  },
  {
    name: "a socket that waits does not count for its address",
    rules: ["LIMIT-2"],
    find: "...occupy(counted, address),",
    put: "...counted,",
  },
  {
    name: "a wrong token that is answered late is not counted",
    rules: ["LIMIT-3"],
    find: "...occupy(counted, address),",
    put: "...occupy(state, address),",
  },
  {
    name: "a wrong token that finds no place to wait is not counted",
    rules: ["LIMIT-3"],
    find: "return [counted, refusedForMany(conn)];",
    put: "return [state, refusedForMany(conn)];",
  },
  {
    name: "while all places are taken nobody gets in, without a wrong token too",
    rules: ["LIMIT-4"],
    find: "return wrong > 0 && wrong",
    put: "return wrong",
  },
  {
    name: "whoever used up its tries is shut out one try late",
    rules: ["LIMIT-4"],
    find: "wrong >= wrong_token_limit &&",
    put: "wrong > wrong_token_limit &&",
  },
  {
    name: "whoever used up its tries is shut out one place late",
    rules: ["LIMIT-4"],
    find: "state.waiting.size >= max_waiting_sockets;",
    put: "state.waiting.size > max_waiting_sockets;",
  },
  {
    name: "wrong tokens count for a millisecond too long",
    rules: ["LIMIT-3"],
    find: "wrong.until <= now ?",
    put: "wrong.until < now ?",
  },
  {
    name: "a window that is over is counted on",
    rules: ["LIMIT-3"],
    find: "known.until > now)",
    put: "known.until >= now)",
  },
  {
    name: "the window starts anew at each wrong token",
    rules: ["LIMIT-3"],
    find: "{ ...known, count: known.count + 1 }",
    put: "{ ...known, count: known.count + 1, until: millis(now + wrong_token_window) }",
  },
  {
    name: "only the first wrong token counts",
    rules: ["LIMIT-3"],
    find: "count: known.count + 1",
    put: "count: known.count",
  },
  {
    name: "wrong_token_window off by one",
    rules: ["LIMIT-3"],
    find: "millis(now + wrong_token_window)",
    put: "millis(now + wrong_token_window + 1)",
  },
  {
    name: "the newest address is forgotten first",
    rules: ["LIMIT-5"],
    find: "const { firstWrong } = state;",
    put: "const firstWrong = state.nextWrong - 1;",
  },
  {
    name: "wrong_token_addresses off by one: one address more",
    rules: ["LIMIT-5"],
    find: "next.wrongTokens.size >= wrong_token_addresses",
    put: "next.wrongTokens.size > wrong_token_addresses",
  },
  {
    name: "wrong_token_addresses off by one: one address less",
    rules: ["LIMIT-5"],
    find: "next.wrongTokens.size >= wrong_token_addresses",
    put: "next.wrongTokens.size + 1 >= wrong_token_addresses + Number(wrong_token_addresses === 1)",
  },
  {
    name: "addresses whose window is over are remembered",
    rules: ["LIMIT-5", "FAULT-25"],
    find: "isOldestForgettable(next, now) || ",
    put: "",
  },
  {
    name: "addresses are forgotten a millisecond late",
    rules: ["LIMIT-5"],
    find: "address)).until <= now",
    put: "address)).until < now",
  },
  {
    name: "the search for the oldest address does not move on",
    rules: ["LIMIT-5"],
    find: "firstWrong: firstWrong + 1,",
    put: "",
  },
  {
    name: "an answer comes a millisecond early",
    rules: ["LIMIT-3"],
    find: "if (first === null || first.at > now)",
    put: "if (first === null || first.at > now + 1)",
  },
  {
    name: "an answer does not come when it is due, only after that",
    rules: ["LIMIT-3", "STATE-2"],
    find: "if (first === null || first.at > now)",
    put: "if (first === null || first.at >= now)",
  },
  {
    name: "whoever hung up while it waited is answered late",
    rules: ["STATE-4", "LIMIT-4"],
    find: "if (!waiting.isGone) effects",
    put: "effects",
  },
  {
    name: "whoever hangs up gives up its place early",
    rules: ["LIMIT-4"],
    find: "{ ...state, waiting: mapSet(state.waiting, conn, { ...waiting, isGone: true }) }",
    put: "stopWaiting(state, conn, waiting)",
  },
  {
    name: "a place is not free after the answer",
    rules: ["LIMIT-4", "LIMIT-2"],
    find: "...vacate(state, address),",
    put: "...state,",
  },
  {
    name: "ID-TAKEN leaves the socket open",
    rules: ["OPEN-4"],
    find: ', close(conn, CLOSE.idTaken, "ID is taken")]',
    put: "]",
  },
]);
