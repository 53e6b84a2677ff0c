/**
 * Compares the reference model with `reduce` in every world and mood. Run as a program it takes
 * as many histories of each as it is told: `deno run -A tests/model/compare.ts <histories> <seed> <commands>`.
 *
 * @module
 */
import fc from "fast-check";
import { settingsFrom } from "../../core/mod.ts";
import { histories, type Mood } from "./histories.ts";
import { play } from "./side_by_side.ts";
import { WORLDS } from "./worlds.ts";

/** The moods that fit a world. */
export function moodsOf(world: string): readonly Mood[] {
  return world.startsWith("proven") ? ["tokens"] : ["everything", "the door", "coming and going"];
}

/** How much is compared, and which histories. */
export interface Extent {
  readonly histories: number;
  /** How long a history may be. */
  readonly commandsMax: number;
  readonly seed: number;
}

/**
 * Plays so many histories; returns how many steps that took.
 *
 * @throws {Error} With the shortest history found on which the two differ.
 */
export function compare(world: string, mood: Mood, extent: Extent): number {
  const settings = settingsFrom(WORLDS[world] ?? {});
  let steps = 0;
  fc.assert(
    fc.property(histories(mood, extent.commandsMax), (commands) => {
      steps += play(settings, commands);
    }),
    { numRuns: extent.histories, seed: extent.seed },
  );
  return steps;
}

if (import.meta.main) {
  const [count = 1_000, seed = 1, commandsMax = 60] = Deno.args.map(Number);
  const extent = { histories: count, seed, commandsMax };
  const startedAt = performance.now();
  let steps = 0;
  for (const world of Object.keys(WORLDS)) {
    for (const mood of moodsOf(world)) steps += compare(world, mood, extent);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${steps} steps in ${seconds.toFixed(1)} s, seed ${seed}`);
}
