/**
 * Seeds that are run with every test: each for something it once found, or for the situations it has many of.
 *
 * None of the first ones found a fault of the server; they were chosen by what their reports count. Seed 5 found
 * one of the stock client: disconnected before it has its id, it opens a socket that it never closes.
 *
 * @module
 */

/** A seed of `varied`, and what it is for. */
export interface Pinned {
  readonly seed: number;
  readonly why: string;
}

/** Run with `deno task sim --seed <seed> --varied`. */
export const PINNED: readonly Pinned[] = [
  { seed: 1, why: "frozen readers and floods: sockets that are full, and told so once an attempt" },
  { seed: 5, why: "sockets that turn out to be gone, and no room for any message of a source" },
  { seed: 6, why: "more clients than concurrent_limit, mailboxes of three messages" },
  { seed: 9, why: "messages that live 1 ms and find no mailbox: every failure is a refusal" },
];
