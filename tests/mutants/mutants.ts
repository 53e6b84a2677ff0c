/**
 * The mutation check: breaks the server in each named way, in a copy, and shows which test notices. A break
 * that no test notices is a gap in the tests, and fails the check.
 *
 * Run: `deno task mutants [--only=PATTERN]`. PATTERN is looked for in names, rules and files. A break that makes
 * tests take much more time of a processor than they take unbroken makes them loop, and is caught.
 */
import { parseArgs } from "@std/cli/parse-args";
import { allBreaks, type Break } from "./break.ts";
import { type Copy, copyProject, runTests, type Verdict, withBreak } from "./copy.ts";
import { allSuites, type Catch, runsFor, type Suite } from "./suites.ts";

/** What came of a break, and after how long. */
interface Outcome {
  readonly broken: Break;
  readonly verdict: Verdict;
  readonly ms: number;
}

/** So many breaks are tried at once. */
const JOBS = 2;
/** What unbroken tests may take: they have not been timed yet. */
const UNBROKEN_MAX_MS = 120_000;
/** What tests of a break may take beside ten times what they take unbroken. */
const SLACK_MS = 2_000;

/** Runs the check; whether every break was caught, and by tests that pass with nothing broken. */
export async function checkBreaks(only: RegExp): Promise<boolean> {
  const breaks = (await allBreaks()).filter(({ name, rules, file }) =>
    only.test(`${name} ${rules.join(" ")} ${file}`)
  );
  if (breaks.length === 0) {
    console.error(`No break has ${only} in its name, rules or file`);
    return false;
  }
  const copies = await Promise.all(Array.from({ length: JOBS }, copyProject));
  try {
    const begunAt = performance.now();
    const suites = await allSuites();
    const times = await timeUnbroken(copies, suites);
    console.log(`Unbroken, ${times.size} files of tests pass: ${seconds(begunAt)}`);
    const outcomes: Outcome[] = [];
    const caught: Catch[] = [];
    await share(copies, breaks, async (copy, broken) => {
      const outcome = await tryBreak(copy, broken, times, caught);
      outcomes.push(outcome);
      console.log(row(outcome));
    });
    const isCaught = report(outcomes, seconds(begunAt));
    const left = suites.filter((suite) => !times.has(suite)).map(({ file }) => file);
    if (left.length > 0) console.error(`Left out, for they fail unbroken: ${left.join(", ")}`);
    return isCaught && left.length === 0;
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}

/** How long each file of tests takes on the unbroken source; those that fail are told, and left out. */
async function timeUnbroken(
  copies: readonly Copy[],
  suites: readonly Suite[],
): Promise<Map<Suite, number>> {
  const times = new Map<Suite, number>();
  // Simulators and histories, which take longest, have the last names.
  await share(copies, suites.toReversed(), async (copy, suite) => {
    const verdict = await runTests(copy, [suite.file], UNBROKEN_MAX_MS);
    if (verdict.kind === "passed") times.set(suite, verdict.ms);
    else console.error(`${suite.file} fails with nothing broken: ${whyOf(verdict)}`);
  });
  return times;
}

async function tryBreak(
  copy: Copy,
  broken: Break,
  times: ReadonlyMap<Suite, number>,
  caught: Catch[],
): Promise<Outcome> {
  const begunAt = performance.now();
  const usualMs = new Map([...times].map(([{ file }, ms]) => [file, ms]));
  let verdict: Verdict = { kind: "unclear", output: "No tests were found" };
  try {
    for (const files of runsFor(broken, times, caught)) {
      const ms = files.reduce((sum, file) => sum + (usualMs.get(file) ?? 0), 0);
      const run = (): Promise<Verdict> => runTests(copy, files, SLACK_MS + 10 * ms);
      verdict = await withBreak(copy, broken, run);
      if (verdict.kind === "caught") caught.push({ broken: broken.file, by: verdict.file });
      if (verdict.kind !== "passed") break;
    }
  } catch (error) {
    verdict = { kind: "unclear", output: error instanceof Error ? error.message : String(error) };
  }
  return { broken, verdict, ms: performance.now() - begunAt };
}

function row({ broken: { name, rules }, verdict, ms }: Outcome): string {
  const what = `${rules.join(" ").padEnd(16)} ${name}`;
  const time = `${(ms / 1_000).toFixed(1)} s`.padStart(7);
  switch (verdict.kind) {
    case "caught":
      return `${time}  caught    ${what}\n${" ".repeat(19)}by ${verdict.by}`;
    case "passed":
      return `${time}  SURVIVED  ${what}`;
    default:
      return `${time}  ERROR     ${what}`;
  }
}

function report(outcomes: readonly Outcome[], time: string): boolean {
  for (const { broken, verdict } of outcomes) {
    if (verdict.kind === "caught") continue;
    console.error(`\n${broken.name}\n${whyOf(verdict)}\n  ${broken.file}\n  ${broken.line}`);
  }
  const caught = outcomes.filter(({ verdict }) => verdict.kind === "caught").length;
  console.log(`\n${caught} of ${outcomes.length} caught, in ${time}`);
  return caught === outcomes.length;
}

function whyOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case "passed":
      return "No test notices:";
    case "caught":
      return verdict.by;
    case "unclear":
      return verdict.output;
  }
}

/** Gives the items out to the copies, one at a time to each. */
async function share<T>(
  copies: readonly Copy[],
  items: readonly T[],
  work: (copy: Copy, item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(copies.map(async (copy) => {
    for (const item of rest) await work(copy, item);
  }));
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(0)} s`;
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    string: ["only"],
    default: { only: "" },
    unknown: (given: string) => {
      throw new RangeError(`There is no option ${given}: give --only=PATTERN`);
    },
  });
  if (!await checkBreaks(new RegExp(flags.only, "i"))) Deno.exit(1);
}
