/** A short run of the fuzzer with a fixed seed; `deno task fuzz` goes on until it is told to stop. */
import { assert, assertEquals } from "../support/assert.ts";
import { fuzzCore } from "./core.ts";
import { checkLines, fuzzLog } from "./log.ts";
import { diceOf } from "../sim/dice.ts";
import { fuzzLogWire, fuzzTokensWire, inChild, LOG_CHILD, TOKEN_CHILD } from "./program.ts";
import { fuzzTokens } from "./tokens.ts";
import { fuzzWire } from "./wire.ts";

Deno.test("[STATE-3] [MSG-6] 20,000 broken frames leave the core sound, and the same seed does the same", () => {
  const fuzzed = fuzzCore(diceOf(20), 20_000);
  assert(fuzzed.taken > 1_000 && fuzzed.refused > 1_000, JSON.stringify(fuzzed));
  assertEquals(fuzzCore(diceOf(20), 20_000), fuzzed);
});

Deno.test("[AUTH-1] [AUTH-7] [FAULT-26] of 3,000 forged tokens only those that count prove anything, and none is shown", async () => {
  const fuzzed = await fuzzTokens(diceOf(9), 3_000);
  const reasons = Object.keys(fuzzed.reasons).length;
  assert(fuzzed.proven > 100 && reasons >= 18 && fuzzed.logged > 0, JSON.stringify(fuzzed));
  assertEquals(await fuzzTokens(diceOf(9), 3_000), fuzzed);
});

for (const form of ["json", "text"] as const) {
  Deno.test(`[LOG-1] [FAULT-26] 2,000 strangers forge, colour and overflow no line of the log, and it shows no secret (${form})`, async () => {
    const counts = await fuzzLog(diceOf(4), 2_000, form);
    const kinds = form === "json"
      ? ["refused", "refused-request", "connected", "disconnected", "message", "answered"]
      : ["WRN", "INF", "DBG"];
    for (const kind of kinds) assert((counts[kind] ?? 0) > 100, JSON.stringify(counts));
    assertEquals(await fuzzLog(diceOf(4), 2_000, form), counts);
  });
}

for (const listener of ["deno", "node"]) {
  Deno.test(`[FAULT-1] [FAULT-5] [FAULT-24] 320 broken connections harm nobody (${listener})`, async () => {
    await inChild(listener, {}, async (child) => {
      assertEquals(await fuzzWire(diceOf(7), child, 40), 320);
    });
  });

  Deno.test(`[LOG-1] [FAULT-26] 160 strangers are after the log of the program (${listener})`, async () => {
    const { lines } = await inChild(listener, LOG_CHILD, (child) => {
      return fuzzLogWire(diceOf(5), child, 20);
    });
    checkLines(lines, "json");
    for (const event of ["refused", "refused-request", "connected"]) {
      const count = lines.filter((line) => line.includes(`"event":"${event}"`)).length;
      assert(count > 5, `${count} lines of ${event}`);
    }
  });

  Deno.test(`[AUTH-2] [FAULT-26] of 200 forged tokens only those that count open a socket (${listener})`, async () => {
    await inChild(listener, TOKEN_CHILD, async (child) => {
      assert(await fuzzTokensWire(diceOf(6), child, 200) > 10);
    });
  });
}
