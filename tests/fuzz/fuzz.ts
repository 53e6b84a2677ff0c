/**
 * The fuzzer, until it is told to stop or finds something: broken frames for the core, forged tokens for the
 * verifier, strangers for the log, and each of them for a server in a child process. Prints its seed, which gives
 * the same run again.
 *
 * Run: `deno task fuzz [--seed=N] [--seconds=S] [--listener=deno|node]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { fuzzCore } from "./core.ts";
import { checkLines, fuzzLog } from "./log.ts";
import { diceOf, pick } from "../sim/dice.ts";
import { fuzzLogWire, fuzzTokensWire, inChild, LOG_CHILD, TOKEN_CHILD } from "./program.ts";
import { fuzzTokens } from "./tokens.ts";
import { fuzzWire } from "./wire.ts";

const flags: { seed?: unknown; seconds?: unknown; listener?: unknown } = parseArgs(Deno.args);
const first = Number(flags.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const endAt = performance.now() + Number(flags.seconds ?? Infinity) * 1_000;
const listener = String(flags.listener ?? "deno");

let [steps, connections] = [0, 0];
for (let seed = first; performance.now() < endAt; seed++) {
  console.log(`seed ${seed}: ${steps} steps, ${connections} connections so far`);
  const dice = diceOf(seed);
  steps += fuzzCore(dice, 20_000).steps;
  await fuzzTokens(dice, 5_000);
  const form = pick(dice, ["json", "text"] as const);
  await fuzzLog(dice, 5_000, form);
  steps += 10_000;

  await inChild(listener, {}, async (child) => {
    connections += await fuzzWire(dice, child, 100);
  });
  const { lines } = await inChild(listener, LOG_CHILD, (child) => fuzzLogWire(dice, child, 50));
  checkLines(lines, "json");
  await inChild(listener, TOKEN_CHILD, async (child) => {
    await fuzzTokensWire(dice, child, 300);
  });
  connections += 700;
}
