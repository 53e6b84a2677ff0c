/** The state of a node as a snapshot, through the schemas of a recording. */
import * as v from "valibot";
import { preambleOf } from "../../adapters/record/snapshot.ts";
import { FORMAT, VERSION } from "../../adapters/record/format.ts";
import { SNAPSHOT } from "../../adapters/record/replay/schema.ts";
import { millis, restore, snapshotOf, takeSnapshot, violations } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { replayText } from "../support/recording.ts";
import { Fleet } from "./fleet.ts";

/** Two nodes with something in every map, and more on its way. */
function busy(): Fleet {
  const fleet = new Fleet("ab");
  fleet.open("a", 1, "x");
  fleet.open("b", 2, "y");
  fleet.send("a", 1, "y", "delivered");
  fleet.send("b", 2, "x", "back");
  fleet.send("a", 1, "nobody", "waits");
  fleet.say("b", 2, { type: "OFFER", dst: "x", payload: "under way" });
  fleet.say("a", 1, { type: "OFFER", dst: "y", payload: "under way" });
  fleet.step("a", fleet.opening(3, "pending"));
  return fleet;
}

Deno.test("[REC-7] a node that is restored through JSON is the same, and so are its next effects", () => {
  const fleet = busy();
  const seen = new Set<string>();
  for (const node of ["a", "b"]) {
    const state = fleet.of(node);
    const snapshot = snapshotOf(state);
    for (const [name, value] of Object.entries(snapshot)) {
      if (Array.isArray(value) && value.length > 0) seen.add(name);
    }
    const parsed = v.parse(SNAPSHOT, JSON.parse(JSON.stringify(snapshot)));
    const again = restore(state.rules, parsed);
    assertEquals([violations(again), snapshotOf(again)], [[], snapshot]);
    fleet.states.set(node, again);
  }
  for (const map of ["Asked", "Young", "Flights", "Links", "Incoming"]) {
    assert(seen.has(`cluster${map}`), `${map} is empty`);
  }
  const other = busy();
  for (const both of [fleet, other]) both.run();
  assertEquals(fleet.effects, other.effects);
});

Deno.test("[REC-3] [REC-4] a file that begins with a node's state shows it with --at", async () => {
  const { states, now } = busy();
  for (const state of states.values()) {
    const header = {
      format: FORMAT,
      version: VERSION,
      epochMs: 0,
      at: millis(now),
      rules: state.rules,
    } as const;
    let text = "";
    const pieces = preambleOf(header, takeSnapshot(state), () => 0);
    for (let piece = pieces.next();; piece = pieces.next()) {
      text += piece.value;
      if (piece.done === true) break;
    }
    const { code, printed, complaints } = await replayText(text, "--at", `${now}`);
    assertEquals([code, complaints], [0, []]);
    assertEquals(JSON.parse(printed.join("\n")), JSON.parse(JSON.stringify(snapshotOf(state))));
  }
});
