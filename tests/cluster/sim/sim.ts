/**
 * Simulated fleets, one seed after the other, until so many are done or something is broken.
 *
 * Run: `deno task sim:cluster [--nodes=N] [--seed=N] [--minutes=M] [--people=P] [--runs=R] [--every=MS] [--threads]`.
 * Without a seed it takes a fresh one; the nodes are processes, or threads of one.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { report, type Result, simulate } from "./simulate.ts";
import { optionsOf, threadsOf } from "./varied.ts";

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  default: { minutes: 10, runs: 1, seed: crypto.getRandomValues(new Uint32Array(1))[0] },
});
const first = Number(flags["seed"]);
const totals: Record<string, number> = {};
let minutes = 0;
for (let run = 0; run < Number(flags["runs"]); run++) {
  const seed = (first + run) >>> 0;
  const drawn = flags["threads"] === true ? threadsOf(seed) : optionsOf(seed);
  const result = simulate({
    ...drawn,
    minutes: Number(flags["minutes"]),
    nodes: Number(flags["nodes"] ?? drawn.nodes),
    people: Number(flags["people"] ?? drawn.people),
    faultEveryMs: Number(flags["every"] ?? drawn.faultEveryMs),
    ...(typeof flags["only"] === "string" && { kinds: flags["only"].split(",") }),
  });
  console.log(flags["quiet"] === true ? `seed ${seed} ${result.digest}` : report(result));
  add(result);
  if (result.failure === null) continue;
  console.error(`seed ${seed} broke a rule\n${result.failure.text}`);
  if (flags["go-on"] !== true) Deno.exit(1);
}
console.log(`${(minutes / 60).toFixed(2)} hours`);
console.log(Object.entries(totals).sort().map(([kind, count]) => `${kind}: ${count}`).join("\n"));

function add({ counts, virtualMs, sent, delivered, both, ends }: Result): void {
  minutes += virtualMs / 60_000;
  for (const [kind, count] of Object.entries({ ...counts, sent, delivered, both, ...ends })) {
    totals[kind] = (totals[kind] ?? 0) + count;
  }
}
