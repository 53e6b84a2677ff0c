/**
 * What grows with the crowd: `deno task bench --growth`, and `--only reducer,server,process` for some parts of it.
 *
 * `--rounds 5`; `--add` adds the rounds to those that `growth.json` has, so that a machine need not be free for long;
 * `--sizes 1000,10000` for others than usual; `--listener node`; `--short` to see in a minute that everything works.
 * Only a run with the usual sizes writes `growth.json`. A round of the reducer or the server takes a minute, and one of
 * the process, with 200,000 connections, two minutes, 8 GB, and the right to raise the limit of descriptors: where it
 * may not be raised, the largest crowd is what the limit allows.
 *
 * @module
 */
import type { Metrics } from "../measures.ts";
import { pin } from "../servers.ts";
import {
  growthTable,
  PROCESS_ROWS,
  REDUCER_ROWS,
  type Round,
  type Series,
  SERVER_ROWS,
} from "./figures.ts";
import { FULL, growCrowd, SHORT } from "./process.ts";

/** What the flags ask for. */
export interface Asked {
  readonly only: string | undefined;
  readonly sizes: string | undefined;
  readonly listener: string;
  readonly rounds: number;
  readonly isShort: boolean;
  readonly isAdding: boolean;
  readonly machine: Pick<Series, "cpu" | "cores">;
}

const SIZES = {
  reducer: [1_000, 10_000, 100_000, 1_000_000],
  server: [1_000, 10_000, 50_000, 200_000],
  process: [1_000, 5_000, 10_000, 50_000, 100_000, 200_000],
};
const SHORT_SIZES = { reducer: [1_000, 2_000], server: [1_000, 2_000], process: [100, 200] };
const BATCHES = { reducer: 200, server: 100 };
const SHORT_BATCHES = 2;
const ROWS = { reducer: REDUCER_ROWS, server: SERVER_ROWS, process: PROCESS_ROWS };
/** A client takes one in the server, and another here, where not all may do what root may. */
const DESCRIPTORS = 1_000_000;
/** Descriptors for everything else. */
const OTHERS = 300;
const FILE = new URL("./growth.json", import.meta.url);

type Part = keyof typeof SIZES;
/** Measures one round. */
type Grow = (sizes: readonly number[], asked: Asked, number: number) => Promise<Round>;

/** Measures, prints the tables, and keeps the rounds. */
export async function measureGrowth(asked: Asked): Promise<void> {
  const parts = (asked.only?.split(",") ?? Object.keys(SIZES)).map(partNamed);
  for (const part of parts) {
    const usual = asked.isShort ? SHORT_SIZES[part] : SIZES[part];
    const sizes = asked.sizes?.split(",").map(Number) ?? usual;
    const rounds: Round[] = [];
    for (let i = 1; i <= (asked.isShort ? 1 : asked.rounds); i++) {
      console.error(`round ${i} of ${asked.rounds}, ${part}; load average ${Deno.loadavg()[0]}`);
      const round = await (part === "process" ? growProcess : growProgram(part))(sizes, asked, i);
      rounds.push(round);
      if (sizes !== SIZES[part] || asked.listener !== "deno") continue;
      await keep(part, round, { ...asked, isAdding: asked.isAdding || i > 1 });
    }
    console.log(growthTable({ rounds }, ROWS[part]));
  }
}

function partNamed(name: string): Part {
  if (name === "reducer" || name === "server" || name === "process") return name;
  throw new TypeError(`Cannot take --only ${name}: give some of ${Object.keys(SIZES)}`);
}

/** A process for each size, so that no heap has what another left; every other round from the largest down. */
function growProgram(part: "reducer" | "server"): Grow {
  const program = new URL(`./${part}.ts`, import.meta.url).pathname;
  return async (sizes, { isShort }, number) => {
    const round: Record<string, Metrics> = {};
    const batches = isShort ? SHORT_BATCHES : BATCHES[part];
    for (const size of number % 2 === 1 ? sizes : sizes.toReversed()) {
      const { success, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--v8-flags=--expose-gc", program, `${size}`, `${batches}`],
        stderr: "inherit",
      }).output();
      if (!success) throw new Error(`Cannot measure ${size} clients: the program failed`);
      round[size] = JSON.parse(new TextDecoder().decode(stdout));
    }
    return round;
  };
}

function raiseLimit(): void {
  const args = ["--pid", `${Deno.pid}`, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];
  new Deno.Command("prlimit", { args, stderr: "null" }).outputSync();
}

/** Of this process, which its children inherit. */
function descriptorLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? "1024");
}

const growProcess: Grow = async (sizes, { isShort, listener }) => {
  const plan = isShort ? SHORT : FULL;
  return await growCrowd({ sizes: fitting(sizes), plan, listener, prefix: await pin() });
};

/** The sizes that the limit of descriptors allows, and in place of those that it does not the largest that it does. */
function fitting(sizes: readonly number[]): readonly number[] {
  raiseLimit();
  const limit = descriptorLimit();
  const most = Math.floor((limit - OTHERS) / 1_000) * 1_000;
  const fit = sizes.filter((size) => size <= most);
  if (fit.length === sizes.length) return sizes;
  console.error(`A process may have ${limit} descriptors here: up to ${most} clients are measured`);
  return [...new Set([...fit, most])];
}

async function keep(part: Part, round: Round, asked: Asked): Promise<void> {
  const kept = JSON.parse(await Deno.readTextFile(FILE).catch(() => "{}"));
  const earlier: readonly Round[] = asked.isAdding ? kept[part]?.rounds ?? [] : [];
  const series: Series = {
    takenAt: new Date().toISOString(),
    ...asked.machine,
    versions: `deno ${Deno.version.deno}`,
    rounds: [...earlier, brief(round)],
  };
  await Deno.writeTextFile(FILE, `${JSON.stringify({ ...kept, [part]: series }, null, 1)}\n`);
}

/** Four digits: there are no more in what was measured. */
function brief(round: Round): Round {
  return Object.fromEntries(
    Object.entries(round).map(([size, metrics]) => [
      size,
      Object.fromEntries(
        Object.entries(metrics).map(([name, value]) => [name, Number(value.toPrecision(4))]),
      ),
    ]),
  );
}
