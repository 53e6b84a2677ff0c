/**
 * Fresh seeds, one after the other, each with a population and bounds of its own, until it is told to stop or
 * a rule is broken. Ctrl-C prints what was run.
 *
 * Run: `deno task soak [--seed=N] [--runs=R]`; the first seed is a fresh one by default, and the next
 * is one more.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { failureReport } from "./report.ts";
import { simulate } from "./simulate.ts";
import { varied } from "./ways.ts";

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  default: { runs: Infinity },
});
const fresh = crypto.getRandomValues(new Uint32Array(1))[0];
const first = Number(flags["seed"] ?? fresh) >>> 0;
const runs = Number(flags["runs"]);
const [startedAt, total] = [performance.now(), { runs: 0, events: 0, virtualMs: 0 }];
let isStopped = false;
Deno.addSignalListener("SIGINT", () => isStopped = true);
console.log(`The first seed is ${first}. Ctrl-C ends it.`);

for (let seed = first; !isStopped && total.runs < runs; seed = (seed + 1) >>> 0) {
  const result = simulate({ seed, scenario: varied(seed) });
  if (result.failure !== null) {
    console.log(failureReport(result, `deno task sim --seed ${seed} --varied`));
    summarize();
    Deno.exit(1);
  }
  total.runs++;
  total.events += result.events;
  total.virtualMs += result.virtualMs;
  if (total.runs % 20 === 0) summarize();
  // Signals are heard only between runs.
  await new Promise((resolve) => setTimeout(resolve, 0));
}
summarize();
Deno.exit(0);

function summarize(): void {
  const wallS = (performance.now() - startedAt) / 1_000;
  const hours = (total.virtualMs / 3_600_000).toFixed(1);
  console.log(`${total.runs} seeds, ${hours} h, ${total.events} events in ${wallS.toFixed(0)} s`);
}
