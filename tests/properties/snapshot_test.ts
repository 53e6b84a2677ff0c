/**
 * A history that is cut anywhere goes on from the snapshot as if it had not been cut.
 */
import fc from "fast-check";
import * as v from "valibot";
import {
  type Effect,
  initialState,
  millis,
  reduce,
  restore,
  type Settings,
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

Deno.test("[REC-7] a history cut anywhere goes on from its snapshot with the same effects", () => {
  cutAnywhere(settingsFrom(SMALL), paces(SMALL));
});

Deno.test("[REC-7] [AUTH-6] so does one of clients whose tokens end", () => {
  const ending = { ...WORLDS["proven"], ...SMALL };
  cutAnywhere(settingsFrom(ending), paces(ending, "tokens"));
});

function cutAnywhere(settings: Settings, histories: fc.Arbitrary<Pace[]>): void {
  fc.assert(
    fc.property(histories, fc.nat(), (steps, place) => {
      const cut = place % (steps.length + 1);
      const before = run(initialState(settings), steps.slice(0, cut), 0);
      const snapshot = snapshotOf(before.state);
      const read = v.parse(SNAPSHOT, JSON.parse(JSON.stringify(snapshot)));
      const restored = restore(settings, read);
      assertEquals(violations(restored), []);
      assertEquals(snapshotOf(restored), snapshot);
      const rest = [...steps.slice(cut), { event: { kind: "tick" }, afterMs: 10_000 } as const];
      const [after, again] = [before.state, restored].map((state) => run(state, rest, before.now));
      assertEquals(again?.effects, after?.effects);
    }),
    { numRuns: 1_000 },
  );
}
