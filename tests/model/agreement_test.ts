/**
 * The reference model beside `reduce`, on histories that fast-check makes.
 */
import { type Effect, settingsFrom } from "../../core/mod.ts";
import { assertThrows } from "../support/assert.ts";
import { compare, moodsOf } from "./compare.ts";
import { createModel } from "./model.ts";
import { play } from "./side_by_side.ts";
import { WORLDS } from "./worlds.ts";
import { tokenOf } from "../support/world.ts";

Deno.test("a difference is reported with a history that can be pasted", () => {
  const settings = settingsFrom({});
  const changed = { ...createModel(settings), step: (): readonly Effect[] => [] };
  const opening = {
    ...{
      id: "a",
      token: tokenOf("t"),
      key: "right" as const,
      address: "",
      origin: null,
      ownOrigin: false,
      queryLength: 9,
    },
    identity: { kind: "unchecked" },
  } as const;
  const command = { wait: 7, act: { kind: "open", age: "new", pick: 0, opening } } as const;
  assertThrows(() => play(settings, [command], changed), Error, '[\n  [7,{"kind":"socket-opened"');
});

for (const world of Object.keys(WORLDS)) {
  for (const mood of moodsOf(world)) {
    Deno.test(`model and reduce agree: ${world}, ${mood} [QUEUE-5] [STATE-2]`, () => {
      compare(world, mood, { histories: 30, commandsMax: 60, seed: 20_240_229 });
    });
  }
}
