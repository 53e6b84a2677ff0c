/**
 * signalbox, the incumbent and a bare relay held against each other: `deno task bench`.
 *
 * `--rounds 5`; `--only relay,latency,open,idle,heartbeat,start` for some of the measures; `--short` for a run that
 * shows in seconds that everything works. A whole run takes about half an hour and wants two cores to itself; it
 * alone writes `results.json` and the charts beside this file, the others print and keep nothing. What the README
 * says of it is written by `deno task docs`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { simulate } from "../sim/simulate.ts";
import { usual } from "../sim/ways.ts";
import { save, writeCharts } from "./draw.ts";
import { type Measure, MEASURES } from "./measures.ts";
import { FULL, SHORT } from "./plan.ts";
import { report } from "./report.ts";
import { habitsOf } from "./scale.ts";
import { runSuite } from "./suite.ts";

/** How many clients are simulated for an hour, for what they do in it. */
const CLIENTS = 1_000;

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  string: ["only"],
  boolean: ["short"],
  default: { rounds: 5, only: MEASURES.join(","), short: false },
});

if (import.meta.main) await main();

async function main(): Promise<void> {
  const isShort = flags["short"] === true;
  const only = measuresIn(String(flags["only"]));
  const results = await runSuite({
    plan: isShort ? SHORT : FULL,
    rounds: isShort ? 1 : wholeNumber(flags["rounds"]),
    only,
    isPinned: true,
    log: console.error,
  });
  console.log(report(results));
  if (isShort || only.length < MEASURES.length) return;
  const habits = habitsOf(simulate({ seed: 1, scenario: usual(CLIENTS, 1) }), CLIENTS);
  await save("results.json", `${JSON.stringify({ ...results, habits }, null, 2)}\n`);
  await writeCharts(results);
}

function wholeNumber(given: unknown): number {
  if (typeof given === "number" && Number.isInteger(given) && given > 0) return given;
  throw new TypeError(`Cannot take --rounds ${given}: give a whole number from 1`);
}

function measuresIn(text: string): readonly Measure[] {
  const given = text.split(",");
  const unknown = given.filter((name) => !MEASURES.some((measure) => measure === name));
  if (unknown.length === 0) return MEASURES.filter((measure) => given.includes(measure));
  throw new TypeError(`Cannot take --only ${unknown}: give some of ${MEASURES}`);
}
