/**
 * The suite: rounds in which every contender is measured, and what comes of them.
 *
 * Within a round the contenders take turns at one measure before the next begins, and every other round has
 * them in the opposite order: a machine that drifts drifts for all of them.
 *
 * @module
 */
import { type Contender, contendersFor, type Name, NAMES } from "./contenders.ts";
import { pin } from "./cpu.ts";
import { type Incumbent, installIncumbent, PACKAGE } from "./incumbent.ts";
import { type Measure, take, takesPart } from "./measures.ts";
import { formats, type Metrics } from "./metrics.ts";
import type { Plan } from "./plan.ts";
import { median, type Ratio, ratioOf } from "./statistics.ts";

/** What to run. */
export interface SuiteOptions {
  readonly plan: Plan;
  readonly rounds: number;
  readonly only: readonly Measure[];
  /** Whether servers and load get a core each. */
  readonly isPinned: boolean;
  readonly log: (line: string) => void;
}

/** Where it ran. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly placement: string;
  readonly deno: string;
  readonly v8: string;
  /** What ran the incumbent, such as "npm:peer 1.0.2 on node 20.0.0". */
  readonly incumbent: string;
  /** Processes that wanted a core, at the start and at the end: more than two, and others took part. */
  readonly loadAverage: readonly number[];
}

/** How a metric of one contender stands to that of another. */
export interface Comparison extends Ratio {
  readonly metric: string;
  readonly of: Name;
  readonly to: Name;
}

/** All that came of a run. */
export interface Results {
  readonly takenAt: string;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly rounds: readonly Round[];
  readonly medians: Readonly<Partial<Record<Name, Metrics>>>;
  readonly ratios: readonly Comparison[];
}

/** What each contender gave in one round. */
export type Round = Readonly<Partial<Record<Name, Metrics>>>;

/** Who is compared with whom. */
const COMPARED: readonly (readonly [of: Name, to: Name])[] = [
  ["signalbox", "bare relay"],
  ["signalbox, no rate", "bare relay"],
  ["npm:peer", "bare relay"],
  ["npm:peer", "signalbox"],
];

/** Runs the suite, in a process that does nothing else. */
export async function runSuite(options: SuiteOptions): Promise<Results> {
  const takenAt = new Date().toISOString();
  const { plan, log } = options;
  const loadBefore = Deno.loadavg()[0] ?? NaN;
  await using incumbent = await installIncumbent();
  const cores = options.isPinned ? await pin() : { serverPrefix: [], description: "not pinned" };
  const contenders = contendersFor(incumbent.command);
  const rounds: Round[] = [];
  for (let i = 1; i <= options.rounds; i++) {
    log(`round ${i} of ${options.rounds}`);
    const order = i % 2 === 1 ? contenders : contenders.toReversed();
    rounds.push(await runRound(order, { ...options, prefix: cores.serverPrefix }));
  }
  return {
    takenAt,
    machine: {
      ...await describeMachine(incumbent),
      placement: cores.description,
      loadAverage: [loadBefore, Deno.loadavg()[0] ?? NaN],
    },
    plan,
    rounds,
    ...summarize(rounds, plan),
  };
}

/** The medians over the rounds, and the ratios. */
export function summarize(
  rounds: readonly Round[],
  plan: Plan,
): Pick<Results, "medians" | "ratios"> {
  const names = NAMES.filter((name) => rounds.some((round) => round[name] !== undefined));
  const series = (name: Name, metric: string): readonly (number | null)[] =>
    rounds.map((round) => round[name]?.[metric] ?? null);
  const medians: Partial<Record<Name, Metrics>> = {};
  for (const name of names) {
    const metrics = Object.keys(rounds[0]?.[name] ?? {});
    medians[name] = Object.fromEntries(
      metrics.map((metric) => [metric, medianOfMost(series(name, metric))]),
    );
  }
  const ratios = formats(plan.rates).filter(({ isCompared }) => isCompared).flatMap(({ name }) =>
    COMPARED.flatMap(([of, to]) => {
      const ratio = ratioOf(series(of, name), series(to, name));
      return ratio === null ? [] : [{ metric: name, of, to, ...ratio }];
    })
  );
  return { medians, ratios };
}

/** A contender that cannot do it in half of the rounds cannot do it. */
function medianOfMost(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length * 2 > values.length ? median(there) : null;
}

async function runRound(
  order: readonly Contender[],
  { plan, only, prefix, log }: SuiteOptions & { readonly prefix: readonly string[] },
): Promise<Round> {
  const round: Partial<Record<Name, Metrics>> = {};
  for (const measure of only) {
    const taken = await take(measure, order.filter(({ name }) => takesPart(measure, name)), {
      plan,
      prefix,
    });
    for (const [name, metrics] of taken) {
      round[name] = { ...round[name], ...metrics };
      log(`  ${measure}, ${name}: ${brief(metrics)}`);
    }
  }
  return round;
}

/** What a server cannot do is said once a rate. */
function brief(metrics: Metrics): string {
  const figure = (value: number): number =>
    Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value);
  return Object.entries(metrics).flatMap(([name, value]) => {
    if (value !== null) return [`${name} ${figure(value)}`];
    return name.endsWith("_p50_us") ? [`${name} cannot`] : [];
  }).join(", ");
}

async function describeMachine(
  { runtime, version }: Incumbent,
): Promise<Omit<Machine, "placement" | "loadAverage">> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    cpu: /^model name\s*:\s*(.*)$/m.exec(info)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    incumbent: `npm:${PACKAGE.name} ${PACKAGE.version} on ${runtime} ${version}`,
  };
}
