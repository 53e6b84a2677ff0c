/** What rounds of the benchmark came to: medians and quartiles, and how they are written. */
import type { Metrics } from "./measures.ts";

export type Round = ReadonlyMap<string, Metrics>;

/** The quartiles, and the median between them. */
export type Spread = readonly [low: number, median: number, high: number];

export interface Results {
  readonly takenAt: string;
  readonly cpu: string;
  readonly cores: number;
  readonly versions: string;
  readonly rounds: number;
  readonly figures: Figures;
  /** The figures of each contender as multiples of the first one's. */
  readonly ratios?: Figures;
}

/** By metric and contender. */
type Figures = Readonly<Record<string, Readonly<Record<string, Spread>>>>;

/** The metrics in the order of print; what is printed has so many of the unit that was measured. */
const METRICS: readonly (readonly [metric: string, title: string, per: number, digits: number])[] =
  [
    ["relay_us", "CPU of a relayed message, µs", 1, 1],
    ["relay_per_s", "messages a second", 1, 0],
    ["p50_us", "delay at 30,000 messages a second, p50, µs", 1, 0],
    ["p99_us", "the same, p99, µs", 1, 0],
    ["p999_us", "the same, p99.9, µs", 1, 0],
    ["lag_us", "of it the load's own lag, p99, µs", 1, 0],
    ["paced_us", "CPU of a message then, µs", 1, 1],
    ["open_us", "CPU of an open, µs", 1, 1],
    ["visit_us", "CPU of an open and its close, µs", 1, 1],
    ["idle_bytes", "memory of an idle connection, KB", 1_000, 1],
    ["beat_us", "CPU of a heartbeat, µs", 1, 1],
  ];

/** The quartiles of a few values; a rank between two of them lies between them. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
}

/** The value of which this share is below, of values in order. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const rank = share * (sorted.length - 1);
  const [low = NaN, high = NaN] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low + (high - low) * (rank - Math.floor(rank));
}

/** The quartiles of all that was measured, in four digits: there are no more in it. */
export function figuresOf(rounds: readonly Round[]): Results["figures"] {
  const figures: Record<string, Record<string, Spread>> = {};
  for (const name of rounds[0]?.keys() ?? []) {
    for (const [metric] of METRICS) {
      const [low, median, high] = spreadOf(series(rounds, name, metric));
      if (Number.isNaN(median)) continue;
      figures[metric] = { ...figures[metric], [name]: [brief(low), brief(median), brief(high)] };
    }
  }
  return figures;
}

/**
 * The figures of each contender as multiples of the first one's: the ratios of what each round had side by side, because
 * what disturbs a round disturbs all of them.
 */
export function ratiosOf(rounds: readonly Round[]): Figures {
  const [first = "", ...others] = rounds[0]?.keys() ?? [];
  const measured = METRICS.filter(([metric]) => metric in figuresOf(rounds));
  return Object.fromEntries(measured.map(([metric]) => {
    const base = series(rounds, first, metric);
    const spreads = others.map((name): readonly [string, Spread] => {
      const ratio = series(rounds, name, metric).map((value, i) => value / (base[i] ?? NaN));
      const [low, median, high] = spreadOf(ratio);
      return [name, [brief(low), brief(median), brief(high)]];
    });
    return [metric, Object.fromEntries(spreads)];
  }));
}

/** The figures as a table, and the ratios. */
export function report(rounds: readonly Round[]): string {
  const [first = "", ...others] = rounds[0]?.keys() ?? [];
  const figures = figuresOf(rounds);
  const all = ratiosOf(rounds);
  const ratios = METRICS.filter(([metric]) => metric in figures).map(([metric, title]) => {
    const cells = others.map((name) => writeSpread(all[metric]?.[name] ?? [NaN, NaN, NaN], 1, 3));
    return `| ${[title, ...cells].join(" | ")} |`;
  });
  const heads = others.map((name) => `${name} / ${first}`).join(" | ");
  return [figureTable(figures), "", `| ratio | ${heads} |`, ...ratios].join("\n");
}

/** Medians and quartiles, a row for each metric and a column for each contender. */
export function figureTable(figures: Results["figures"]): string {
  const names = [...new Set(Object.values(figures).flatMap((figure) => Object.keys(figure)))];
  const rows = METRICS.filter(([metric]) => metric in figures).map(
    ([metric, title, per, digits]) => {
      const spreads = names.map((name) => figures[metric]?.[name] ?? [NaN, NaN, NaN] as const);
      return [title, ...spreads.map((spread) => writeSpread(spread, per, digits))];
    },
  );
  const head = ["median (quartiles)", ...names];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** A number as people read it. */
export function write(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en", options);
}

function writeSpread(spread: Spread, per: number, digits: number): string {
  const [low, median, high] = spread.map((value) => write(value / per, digits));
  return `${median} (${low} to ${high})`;
}

function series(rounds: readonly Round[], name: string, metric: string): number[] {
  return rounds.map((round) => round.get(name)?.[metric] ?? NaN);
}

function brief(value: number): number {
  return Number(value.toPrecision(4));
}
