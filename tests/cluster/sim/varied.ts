/**
 * How big a fleet is, how patient, and how much goes wrong: drawn from the seed.
 *
 * @module
 */
import { diceOf, pick } from "../../sim/dice.ts";
import type { RunOptions } from "./simulate.ts";

/** A run of its own kind for each seed. */
export function optionsOf(seed: number): RunOptions {
  const dice = diceOf(seed ^ 0xc1a57e);
  return {
    seed,
    nodes: 2 + dice.below(4),
    people: pick(dice, [6, 12, 20, 40]),
    minutes: 5,
    actEveryMs: pick(dice, [700, 2_000, 4_000]),
    faultEveryMs: pick(dice, [500, 2_000, 5_000, 15_000]),
    settings: {
      cluster_lease: pick(dice, [2_000, 5_000, 15_000]),
      cluster_limit: pick(dice, [0, 0, 0, 30]),
      expire_timeout: pick(dice, [1_000, 5_000, 5_000, 12_000]),
    },
  };
}

/** What can happen to threads of a process, whose directory is a function and whose ports lose nothing. */
const OF_THREADS = [
  "node crashed",
  "node drained",
  "node paused for short",
  "all clients back at once",
];

/** The same for threads of one process. */
export function threadsOf(seed: number): RunOptions {
  const options = optionsOf(seed);
  // Shorter than any pause a thread is a node.
  const settings = { ...options.settings, cluster_lease: 15_000 };
  return { ...options, settings, isNear: true, kinds: OF_THREADS };
}
