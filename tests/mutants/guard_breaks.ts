/**
 * Breaks of rates, and of the price of wrong tokens.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what one client, and one address, may do. */
export const GUARD_BREAKS: readonly Break[] = breaksOf("core/rules/allowance.ts", [
  {
    name: "bytes have the rate of frames",
    rules: ["LIMIT-11"],
    find: "now, byte_rate, Math",
    put: "now, 1, Math",
  },
  {
    name: "byte_burst alone bounds a burst",
    rules: ["LIMIT-11"],
    find: "Math.max(byte_burst, max_message_bytes)",
    put: "byte_burst",
  },
  {
    name: "byte_burst is max_message_bytes",
    rules: ["LIMIT-11"],
    find: "Math.max(byte_burst, max_message_bytes)",
    put: "max_message_bytes",
  },
  {
    name: "a message counts as one byte",
    rules: ["LIMIT-11"],
    find: "max_message_bytes), bytes);",
    put: "max_message_bytes), 1);",
  },
  {
    name: "wrong tokens are never counted",
    rules: ["LIMIT-3"],
    find: "if (spentUntil === null || settings",
    put: "if (true || settings",
  },
  {
    name: "with a rate of 0 addresses are remembered",
    rules: ["LIMIT-3"],
    find: " || settings.wrong_token_rate === 0) return state;",
    put: ") return state;",
  },
  {
    name: "a rate of 0 stops everybody",
    rules: ["LIMIT-1", "LIMIT-3"],
    find: "if (rate === 0) return until;",
    put: "",
  },
  {
    name: "the bucket of tries never empties",
    rules: ["LIMIT-3"],
    find: "return spendTry(state, address, now) !== null;",
    put: "return true;",
  },
  {
    name: "tries have the rate of frames",
    rules: ["LIMIT-3"],
    find: "now, wrong_token_rate, wrong_token_burst);",
    put: "now, settings.frame_rate, wrong_token_burst);",
  },
  {
    name: "tries have the burst of frames",
    rules: ["LIMIT-3"],
    find: "now, wrong_token_rate, wrong_token_burst);",
    put: "now, wrong_token_rate, settings.frame_burst);",
  },
  {
    name: "wrong tokens of all addresses count together",
    rules: ["LIMIT-3"],
    find: "spend(mapGet(wrongTokens, address) ?? now,",
    put: 'spend(mapGet(wrongTokens, "") ?? now,',
  },
  {
    name: "wrong_token_addresses off by one: one address more",
    rules: ["LIMIT-5"],
    find: "wrongTokens.size < settings.wrong_token_addresses",
    put: "wrongTokens.size <= settings.wrong_token_addresses",
  },
  {
    name: "wrong_token_addresses off by one: one address less",
    rules: ["LIMIT-5"],
    find: "wrongTokens.size < settings.wrong_token_addresses",
    put: "wrongTokens.size + 1 < settings.wrong_token_addresses",
  },
  {
    name: "an address that is remembered needs a place",
    rules: ["LIMIT-5"],
    find: "const hasPlace = isKnown || ",
    put: "const hasPlace = ",
  },
  {
    name: "the rate is refilled twice",
    rules: ["LIMIT-1"],
    find: "const priceMs = 1_000 / rate;",
    put: "const priceMs = 500 / rate;",
  },
  {
    name: "a burst off by one: one use more",
    rules: ["LIMIT-1", "LIMIT-3"],
    find: "(burst + 0.5)",
    put: "(burst + 1.5)",
  },
  {
    name: "a burst off by one: one use less",
    rules: ["LIMIT-1", "LIMIT-3"],
    find: "(burst + 0.5)",
    put: "(burst - 0.5)",
  },
  {
    name: "fractions take frames away at exactly the rate",
    rules: ["LIMIT-1"],
    find: "(burst + 0.5)",
    put: "burst",
  },
  {
    name: "a long silence saves up more than a burst",
    rules: ["LIMIT-1", "LIMIT-3"],
    find: "Math.max(until, now) + count * priceMs",
    put: "until + count * priceMs",
  },
  {
    name: "a burst never comes back",
    rules: ["LIMIT-1", "LIMIT-3"],
    find: "return next - now > (burst",
    put: "return next > (burst",
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
]);
