/**
 * The fuzzer, until it is told to stop or finds something: broken frames for the core, broken requests and
 * frames for a server in a child process. Prints its seed, which gives the same run again.
 *
 * Run: `deno task fuzz [--seed=N] [--seconds=S] [--listener=deno|node]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { startChild } from "../support/child.ts";
import { fuzzCore } from "./core.ts";
import { diceOf } from "./mutate.ts";
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
  await using child = await startChild({ args: ["--listener", listener] });
  connections += await fuzzWire(dice, child, 100);
  const { code } = await child.stop();
  if (code !== 0) {
    throw new Error(`The server ended with ${code}: ${child.lines.slice(-20).join("\n")}`);
  }
}
