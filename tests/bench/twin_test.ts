/**
 * The mutable twin keeps the rules: on arbitrary histories it does exactly what the reducer does, and wakes
 * when it wakes. A benchmark against a twin that leaves a rule out would flatter the twin.
 */
import { nextWakeAt, type Settings } from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { check } from "../properties/check.ts";
import { SETTINGS } from "../properties/histories.ts";
import type { Law, Reducer } from "../properties/laws.ts";
import { createTwin, type Twin } from "./twin.ts";

/** How many histories for each of the settings; some 60 steps each. */
const RUNS = 200;

for (const [i, given] of SETTINGS.entries()) {
  Deno.test(`the mutable twin does what the reducer does, settings ${i}`, () => {
    const steps = check({ given, numRuns: RUNS, laws: sameAs(createTwin) });
    assert(steps > RUNS, `only ${steps} steps`);
  });
}

Deno.test("a twin that forgets a rule is found out", () => {
  const forgetful = (settings: Settings): Twin => createTwin({ ...settings, queue_limit: 1 });
  assertThrows(
    () => check({ given: SETTINGS[0] ?? {}, numRuns: 500, laws: sameAs(forgetful), seed: 1 }),
    Error,
    "pinned(",
  );
});

/** The law that a twin, stepped beside the reducer, gives the same effects and wakes at the same instant. */
function sameAs(
  start: (settings: Settings) => Twin,
): (reducer: Reducer, settings: Settings) => Law {
  return (_reducer, settings) => {
    const twin = start(settings);
    return ({ event, now, after, effects }) => {
      assertEquals(twin.step(event, now), effects);
      assertEquals(twin.nextWakeAt(), nextWakeAt(after));
    };
  };
}
