/**
 * A short run of the fuzzer with a fixed seed; `deno task fuzz` goes on until it is told to stop.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { fuzzCore } from "./core.ts";
import { diceOf } from "./mutate.ts";
import { fuzzWire } from "./wire.ts";

Deno.test("[STATE-3] [MSG-6] 20,000 broken frames leave the core sound, and the same seed does the same", () => {
  const fuzzed = fuzzCore(diceOf(20), 20_000);
  assert(fuzzed.taken > 1_000 && fuzzed.refused > 1_000, JSON.stringify(fuzzed));
  assertEquals(fuzzCore(diceOf(20), 20_000), fuzzed);
});

for (const listener of ["deno", "node"]) {
  Deno.test(`[FAULT-1] [FAULT-5] [FAULT-24] 320 broken connections harm nobody (${listener})`, async () => {
    await using child = await startChild({ args: ["--listener", listener] });
    assertEquals(await fuzzWire(diceOf(7), child, 40), 320);
    assertEquals((await child.stop()).code, 0);
  });
}
