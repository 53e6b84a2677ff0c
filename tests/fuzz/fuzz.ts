/**
 * The fuzzer, until it is told to stop or finds something: broken frames for the core, forged tokens for the
 * verifier, strangers for the log, and each of them for a server in a child process. Prints its seed, which gives
 * the same run again.
 *
 * Run: `deno task fuzz [--seed=N] [--seconds=S] [--listener=deno|node]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Child, type ChildOptions, startChild } from "../support/child.ts";
import { fuzzCore } from "./core.ts";
import { fuzzLog } from "./log.ts";
import { checkLines } from "./log_lines.ts";
import { diceOf, pick } from "../sim/dice.ts";
import { fuzzLogWire, fuzzTokensWire, LOG_FLAGS, TOKEN_CHILD } from "./program.ts";
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

  await inChild({}, async (child) => {
    connections += await fuzzWire(dice, child, 100);
  });
  const args = LOG_FLAGS.split(" ");
  const { lines } = await inChild({ args }, (child) => fuzzLogWire(dice, child, 50));
  checkLines(lines, "json");
  await inChild(TOKEN_CHILD, async (child) => void await fuzzTokensWire(dice, child, 300));
  connections += 700;
}

/** Starts the server, and sees that it ends as it should. */
async function inChild(
  { args = [], env = {} }: ChildOptions,
  attack: (child: Child) => Promise<void>,
): Promise<Child> {
  await using child = await startChild({ args: ["--listener", listener, ...args], env });
  await attack(child);
  const { code } = await child.stop();
  if (code !== 0) {
    throw new Error(`The server ended with ${code}: ${child.lines.slice(-20).join("\n")}`);
  }
  return child;
}
