/**
 * Simulated runs, one seed after the other, until so many are done or a rule is broken.
 *
 * Run: `deno task sim [--seed=N] [--hours=H] [--clients=C] [--varied] [--runs=R]`. Without a seed it takes a fresh
 * one; with `--varied` everything but the seed is drawn from the seed.
 */
import { parseArgs } from "@std/cli/parse-args";
import { failureReport, report, simulate } from "./simulate.ts";
import { usual, varied } from "./ways.ts";

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  boolean: ["varied"],
  default: { hours: 1, clients: 100, runs: 1, seed: crypto.getRandomValues(new Uint32Array(1))[0] },
});
const [first, hours, clients, runs] = [
  number("seed", (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32),
  number("hours", (value) => value > 0 && value < Infinity),
  number("clients", (value) => Number.isInteger(value) && value > 0),
  number("runs", (value) => value > 0),
] as const;
const isVaried = flags["varied"] === true;
const rest = isVaried ? "--varied" : `--hours ${hours} --clients ${clients}`;
const startedAt = performance.now();

for (let run = 0; run < runs; run++) {
  const seed = (first + run) >>> 0;
  const result = simulate({ seed, scenario: isVaried ? varied(seed) : usual(clients, hours) });
  console.log(report(result));
  if (result.failure === null) continue;
  console.error(failureReport(result, `deno task sim --seed ${seed} ${rest}`));
  Deno.exit(1);
}
console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);

function number(name: string, isGood: (value: number) => boolean): number {
  const value = Number(flags[name]);
  if (isGood(value)) return value;
  console.error(`Option ${name} has a value that it cannot have: ${String(flags[name])}.`);
  Deno.exit(2);
}
