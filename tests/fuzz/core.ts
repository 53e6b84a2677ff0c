/**
 * Broken frames for the reducer, in histories that are odd in every other way too: whatever comes, the laws hold, and
 * what it answers is what the reference model answers.
 */
import fc from "fast-check";
import { type PartialSettings, reduce, settingsFrom } from "../../core/mod.ts";
import { histories } from "../history/history.ts";
import { type Law, play } from "../history/play.ts";
import { agreement } from "../model/agreement.ts";
import { all, laws } from "../properties/laws.ts";
import { notesOf } from "../support/world.ts";
import frames from "./frames.json" with { type: "json" };
import { type Dice, diceOf } from "../sim/dice.ts";
import { mutate } from "./mutate.ts";

/** How far a run came, and what it found. */
export interface Fuzzed {
  readonly steps: number;
  /** How many frames were relayed or stored, and how many were refused. */
  readonly taken: number;
  readonly refused: number;
}

const GIVEN: PartialSettings = {
  queue_limit: 8,
  max_bad_frames: 4,
  frame_rate: 0,
  concurrent_limit: 5,
};

/** Ids that the recorded frames are for, and odd ones. */
const IDS = ["alice", "bob", "nobody", "__proto__"];

const broken = (corpus: readonly string[]): fc.Arbitrary<string> =>
  fc.nat().map((seed) => mutate(diceOf(seed), corpus));
const mostly = (list: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...list) }, {
    weight: 1,
    arbitrary: broken(IDS),
  });
const HISTORIES = histories("everything", 400, {
  ids: mostly(IDS),
  tokens: mostly(["t", "u"]),
  frames: fc.oneof(fc.constantFrom(...frames), broken(frames)),
});

/**
 * Takes at least so many random steps.
 *
 * @throws {Error} Where a law is broken, or the model disagrees.
 */
export function fuzzCore(dice: Dice, stepsMin: number): Fuzzed {
  const settings = settingsFrom(GIVEN);
  let [steps, taken, refused] = [0, 0, 0];
  const count: Law = ({ event, effects }) => {
    steps++;
    if (event.kind !== "frame-received") return;
    const notes = notesOf(effects);
    if (notes.some(({ what }) => what === "bad-frame")) refused++;
    const isSent = effects.some((each) => each.kind === "send" && each.meaning.kind === "message");
    if (isSent || notes.some(({ what }) => what === "stored")) taken++;
  };
  while (steps < stepsMin) {
    const seed = dice.below(2 ** 31);
    const [commands = []] = fc.sample(HISTORIES, { numRuns: 1, seed });
    try {
      play(settings, commands, { look: all(laws(reduce), agreement(settings), count) });
    } catch (error) {
      throw new Error(`After ${steps} steps, in the history of seed ${seed}`, { cause: error });
    }
  }
  return { steps, taken, refused };
}
