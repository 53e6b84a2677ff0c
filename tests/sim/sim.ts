/**
 * One simulated run.
 *
 * Run: `deno task sim [--seed=N] [--hours=H] [--clients=C] [--varied]`. Without a seed it takes a fresh one; with
 * `--varied` everything but the seed is drawn from the seed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { failureReport, report } from "./report.ts";
import { simulate } from "./simulate.ts";
import { usual, varied } from "./ways.ts";

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  boolean: ["varied"],
  default: { hours: 1, clients: 100 },
});
const seed = wholeNumber("seed", flags["seed"] ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const hours = positive("hours", flags["hours"]);
const clients = wholeNumber("clients", flags["clients"]);
const isVaried = flags["varied"] === true;

console.log(`seed         ${seed}`);
const scenario = isVaried ? varied(seed) : usual(clients, hours);
const startedAt = performance.now();
const result = simulate({ seed, scenario });
console.log(report(result, performance.now() - startedAt));
const rest = isVaried ? "--varied" : `--hours ${hours} --clients ${clients}`;
if (result.failure !== null) {
  console.error(failureReport(result, `deno task sim --seed ${seed} ${rest}`));
  Deno.exit(1);
}

function positive(name: string, given: unknown): number {
  const value = Number(given);
  if (value > 0 && value < Infinity) return value;
  console.error(`Option ${name} must be a number above 0: got ${String(given)}.`);
  Deno.exit(2);
}

function wholeNumber(name: string, given: unknown): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  console.error(`Option ${name} must be a whole number below 2^32: got ${String(given)}.`);
  Deno.exit(2);
}
