/** A history that is cut anywhere goes on from the snapshot as if it had not been cut. */
import fc from "fast-check";
import * as v from "valibot";
import {
  type Effect,
  initialState,
  millis,
  reduce,
  restore,
  settingsFrom,
  snapshotOf,
  type State,
  violations,
} from "../../core/mod.ts";
import { SNAPSHOT } from "../../adapters/record/replay/schema.ts";
import { type Pace, paces } from "../history/play.ts";
import { WORLDS } from "../history/worlds.ts";
import { assertEquals } from "../support/assert.ts";
import { SMALL } from "../support/recording.ts";

function run(first: State, steps: readonly Pace[], from: number): {
  state: State;
  now: number;
  effects: (readonly Effect[])[];
} {
  let [state, now] = [first, from];
  const effects: (readonly Effect[])[] = [];
  for (const { event, afterMs } of steps) {
    now += afterMs;
    const [next, caused] = reduce(state, event, millis(now));
    effects.push(caused);
    state = next;
  }
  return { state, now, effects };
}

const ENDING = { ...WORLDS["proven"], ...SMALL };

for (const [given, mood] of [[SMALL, "everything"], [ENDING, "tokens"]] as const) {
  Deno.test(`[REC-7] [AUTH-6] a history of ${mood} cut anywhere goes on from its snapshot with the same effects`, () => {
    const settings = settingsFrom(given);
    fc.assert(
      fc.property(paces(given, mood), fc.nat(), (steps, place) => {
        const cut = place % (steps.length + 1);
        const before = run(initialState(settings), steps.slice(0, cut), 0);
        const snapshot = snapshotOf(before.state);
        const restored = restore(settings, v.parse(SNAPSHOT, JSON.parse(JSON.stringify(snapshot))));
        assertEquals(violations(restored), []);
        assertEquals(snapshotOf(restored), snapshot);
        const rest = [...steps.slice(cut), { event: { kind: "tick" }, afterMs: 10_000 } as const];
        const [after, again] = [before.state, restored].map((state) =>
          run(state, rest, before.now)
        );
        assertEquals(again?.effects, after?.effects);
      }),
      { numRuns: 1_000 },
    );
  });
}
