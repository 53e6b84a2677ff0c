/**
 * Plays histories with laws that look at every step; one that breaks a law is shrunk, and printed as a test case
 * that can be pasted into `pinned_test.ts`.
 */
import fc from "fast-check";
import {
  initialState,
  type PartialSettings,
  reduce,
  type Settings,
  settingsFrom,
} from "../../core/mod.ts";
import { histories, type Mood } from "../history/history.ts";
import { type Law, type Moment, play, type Reducer } from "../history/play.ts";

/** What to check, and how much of it. */
export interface Check {
  readonly given: PartialSettings;
  readonly mood: Mood;
  readonly numRuns: number;
  readonly laws: (reducer: Reducer, settings: Settings) => Law;
  readonly reducer?: Reducer;
  /** Makes the histories; by default another one each time. */
  readonly seed?: number;
}

/**
 * Checks as many histories as asked; returns how many steps they took.
 *
 * @throws {Error} With a test case for the first that breaks a law.
 */
export function check(
  { given, mood, numRuns, laws, reducer = reduce, seed }: Check,
): number {
  const settings = settingsFrom(given);
  let steps = 0;
  const result = fc.check(
    fc.property(histories(mood), (commands) => {
      steps += play(settings, commands, { look: laws(reducer, settings), reducer }).length;
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }) },
  );
  if (!result.failed) return steps;
  const [shrunk = []] = result.counterexample ?? [];
  const { errorInstance } = result;
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const moments = play(settings, shrunk, { reducer });
  throw new Error(`Seed ${result.seed}: ${why}\n\n${testCase(given, moments)}`);
}

/** Runs what happened, moment by moment, with the laws looking. */
export function replay(
  settings: Settings,
  moments: readonly Moment[],
  { look, reducer = reduce }: { readonly look: Law; readonly reducer?: Reducer },
): void {
  let before = initialState(settings);
  for (const [now, event] of moments) {
    const [after, effects] = reducer(before, event, now);
    look({ before, event, now, after, effects });
    before = after;
  }
}

/** The history as a test, ready to be pasted. */
export function testCase(given: PartialSettings, moments: readonly Moment[]): string {
  const lines = moments.map((moment) => `    ${JSON.stringify(moment)},`);
  return `Deno.test("pinned: say what it broke", () => {
  pinned(${JSON.stringify(given)}, [
${lines.join("\n")}
  ]);
});`;
}
