/**
 * Runs histories through the reducer with laws that look at every step; one that breaks a law is shrunk,
 * and printed as a test case that can be pasted into `pinned_test.ts`.
 *
 * @module
 */
import fc from "fast-check";
import {
  type Effect,
  initialState,
  millis,
  type PartialSettings,
  reduce,
  type Settings,
  settingsFrom,
} from "../../core/mod.ts";
import { type Act, acts, eventOf, later, type Moment } from "./histories.ts";
import type { Law, Reducer } from "./laws.ts";

/** What to check, and how much of it. */
export interface Check {
  readonly given: PartialSettings;
  /** How many histories. */
  readonly numRuns: number;
  /** The laws for one history. */
  readonly laws: (reducer: Reducer, settings: Settings) => Law;
  readonly reducer?: Reducer;
  /** Makes the histories; by default another one each time. */
  readonly seed?: number;
}

/** Checks as many histories as asked; throws with a test case for the first that breaks a law. */
export function check({ given, numRuns, laws, reducer = reduce, seed }: Check): number {
  const settings = settingsFrom(given);
  let steps = 0;
  const result = fc.check(
    fc.property(acts, (history) => {
      steps += runActs(settings, history, { look: laws(reducer, settings), reducer }).length;
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }) },
  );
  if (!result.failed) return steps;
  const [shrunk = []] = result.counterexample ?? [];
  const moments = runActs(settings, shrunk, { look: () => {}, reducer });
  const why = result.errorInstance instanceof Error
    ? result.errorInstance.message
    : String(result.errorInstance);
  throw new Error(`Seed ${result.seed}: ${why}\n\n${testCase(given, moments)}`);
}

/** Two laws as one. */
export function both(one: Law, other: Law): Law {
  return (step) => {
    one(step);
    other(step);
  };
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

/** Runs acts from the beginning, with a look at every step; gives what happened as plain moments. */
function runActs(
  settings: Settings,
  history: readonly Act[],
  { look, reducer }: { readonly look: Law; readonly reducer: Reducer },
): Moment[] {
  const moments: Moment[] = [];
  let now = millis(0);
  let effects: readonly Effect[] = [];
  let state = initialState(settings);
  for (const [serial, { afterMs, deed }] of history.entries()) {
    now = later(now, afterMs);
    const event = eventOf(deed, serial, effects);
    moments.push([now, event]);
    const before = state;
    [state, effects] = reducer(before, event, now);
    look({ before, event, now, after: state, effects });
  }
  return moments;
}
