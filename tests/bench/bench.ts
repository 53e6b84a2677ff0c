/**
 * signalbox on both listeners, a bare relay and `npm:peer` held against each other: `deno task bench`.
 *
 * `--rounds 5`; `--only relay,latency,open,idle` for some of the measures; `--short` to see in seconds that everything
 * works. A whole run takes a quarter of an hour, `node`, and two cores to itself; it alone writes `results.json`,
 * the others only print. What the README says of it is written by `deno task docs`.
 *
 * `--only workers` holds one process against two workers and `npm:peer`, with the load on the same cores, and writes
 * `workers.json`; with `--against FOLDER` those are of the checkout there. A whole run takes three minutes.
 *
 * `--against FOLDER` holds this checkout against the one there instead, and prints what a relayed message and an open
 * cost in both; `--listener node` does so with that listener.
 *
 * `--growth` measures what grows with the crowd (growth/growth.ts has its flags).
 *
 * `--cluster` measures two nodes instead, and prints; it needs a redis-server. `--only relay,latency,open,commands,recovery`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { FULL, MEASURES, SHARED, SHORT, take } from "./measures.ts";
import { figuresOf, ratiosOf, report, type Results, type Round } from "./results.ts";
import {
  bareRelay,
  type Contender,
  incumbent,
  INCUMBENT_OPTIONS,
  pin,
  signalbox,
} from "./servers.ts";
import { type Installed, installIncumbent, PACKAGE } from "../support/incumbent.ts";

/** A server that had less of its core than this while it relayed shared it, or waited for the load. */
const SHARE_MIN = 0.9;

/** Fewer rounds are not published. */
const ROUNDS_MIN = 5;

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  string: ["rounds", "only", "against", "listener", "sizes"],
  boolean: ["short", "cluster", "growth", "add"],
  default: { rounds: "5", listener: "deno" },
  unknown: (given: string) => {
    throw new TypeError(
      `Cannot take ${given}: give rounds, only, short, against, listener, cluster, growth, sizes or add`,
    );
  },
});
const WORKERS = "workers";
const { against, only, rounds, short: isShort } = flags;

if (import.meta.main) {
  if (flags["growth"] === true) await growth();
  else if (flags["cluster"] === true) {
    const { measureCluster } = await import("./cluster.ts");
    await measureCluster(isShort === true, only === undefined ? undefined : String(only));
  } else if (only === WORKERS) await measureWorkers();
  else await (typeof against === "string" ? compare(against) : measure());
}

async function growth(): Promise<void> {
  const { measureGrowth } = await import("./growth/growth.ts");
  const text = (flag: unknown): string | undefined => flag === undefined ? undefined : String(flag);
  await measureGrowth({
    ...{ only: text(only), sizes: text(flags["sizes"]), listener: String(flags["listener"]) },
    ...{ rounds: countOf(rounds), isShort: isShort === true, isAdding: flags["add"] === true },
    machine: await describeMachine(),
  });
}

/** Everybody, and what is kept of it. */
async function measure(): Promise<void> {
  const takenAt = new Date().toISOString();
  await using installed = await installIncumbent(INCUMBENT_OPTIONS);
  const ours = [signalbox("signalbox"), signalbox("signalbox, node", { LISTENER: "node" })];
  const taken = await run([bareRelay(), ...ours, incumbent(installed)], MEASURES.join());
  if (only !== undefined || !isKept(taken)) return;
  await write("results.json", takenAt, taken, installed);
}

/** Whether figures are good enough for the documents. */
function isKept(taken: readonly Round[]): boolean {
  if (isShort !== true && taken.length >= ROUNDS_MIN) return true;
  const why = isShort === true ? "this shows only that it runs" : `fewer than ${ROUNDS_MIN} rounds`;
  console.log(`\nNothing is written: ${why}.`);
  return false;
}

async function write(
  name: string,
  takenAt: string,
  taken: readonly Round[],
  { runtime, version }: Pick<Installed, "runtime" | "version">,
): Promise<void> {
  const versions =
    `deno ${Deno.version.deno}, npm:peer ${PACKAGE.version} on ${runtime} ${version}`;
  const figures = figuresOf(taken);
  const machine = await describeMachine();
  const ratios = ratiosOf(taken);
  const results: Results = { takenAt, ...machine, versions, rounds: taken.length, figures, ratios };
  const file = new URL(name, import.meta.url);
  await Deno.writeTextFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

/** One process, two workers and the incumbent, who share all cores with the load. */
async function measureWorkers(): Promise<void> {
  const takenAt = new Date().toISOString();
  await using installed = await installIncumbent(INCUMBENT_OPTIONS);
  const folder = typeof against === "string" ? await Deno.realPath(against) : undefined;
  const ours = [
    signalbox("one process", {}, folder),
    signalbox("2 workers", { WORKERS: "2" }, folder),
  ];
  const taken = await run([...ours, incumbent(installed)], "relay,open", []);
  if (!isKept(taken)) return;
  await write("workers.json", takenAt, taken, installed);
}

/** Another checkout and this one. */
async function compare(folder: string): Promise<void> {
  const settings = { LISTENER: String(flags["listener"]) };
  const before = signalbox("before", settings, await Deno.realPath(folder));
  await run([before, signalbox("after", settings)], "relay,open");
}

/** Every other round has the contenders in the opposite order: a machine that drifts drifts for all of them. */
async function run(
  contenders: readonly Contender[],
  usually: string,
  unpinned?: readonly string[],
): Promise<readonly Round[]> {
  const measures = measuresIn(only === undefined || only === WORKERS ? usually : String(only));
  const full = unpinned === undefined ? FULL : SHARED;
  const setup = { plan: isShort === true ? SHORT : full, prefix: unpinned ?? await pin() };
  const count = isShort === true ? 1 : countOf(rounds);
  const taken: Round[] = [];
  for (let i = 1; i <= count; i++) {
    const round = new Map(contenders.map(({ name }) => [name, {}]));
    const order = i % 2 === 1 ? contenders : contenders.toReversed();
    for (const measure of measures) {
      console.error(`round ${i} of ${count}, ${measure}; load average ${Deno.loadavg()[0]}`);
      for (const [name, metrics] of await take(measure, order, setup)) {
        round.set(name, { ...round.get(name), ...metrics });
        const share = metrics["relay_share"] ?? 1;
        if (share >= SHARE_MIN || unpinned !== undefined) continue;
        console.error(`${name} had ${share.toFixed(2)} of a core: messages a second is too low`);
      }
    }
    taken.push(round);
  }
  console.log(report(taken));
  return taken;
}

function countOf(given: unknown): number {
  const count = Number(given);
  if (Number.isInteger(count) && count > 0) return count;
  throw new TypeError(`Cannot take --rounds ${given}: give a whole number from 1`);
}

function measuresIn(given: string): readonly typeof MEASURES[number][] {
  const names = given.split(",");
  const found = MEASURES.filter((measure) => names.includes(measure));
  if (found.length === names.length) return found;
  throw new TypeError(`Cannot take --only ${given}: give some of ${MEASURES}`);
}

async function describeMachine(): Promise<Pick<Results, "cpu" | "cores">> {
  const info = await Deno.readTextFile("/proc/cpuinfo");
  return {
    cpu: /^model name\s*:\s*(.*)$/m.exec(info)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
  };
}
