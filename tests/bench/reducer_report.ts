/**
 * The figures of the benchmark of the reducer, as a table, and beside the goals.
 *
 * @module
 */
import type { ServerName } from "./reducer_crowd.ts";
import type { Row } from "./reducer_rows.ts";

/** Nanoseconds an event over all rounds. `mean` has every pause of the collector in it. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly mean: number;
}

/** One row at one population. */
export interface RowFigures {
  readonly row: Row;
  readonly reducer: Spread;
  readonly twin: Spread;
  /** The median of the ratios of the rounds. */
  readonly ratio: number;
}

/** Everything at one population. */
export interface Figures {
  readonly population: number;
  readonly rows: readonly RowFigures[];
  readonly bytesPerClient: Readonly<Record<ServerName, number>>;
}

/** Sums the rounds up. */
export function summary(found: Readonly<Record<ServerName, Map<Row, number[]>>>): RowFigures[] {
  return [...found.reducer].map(([row, reducer]) => {
    const twin = found.twin.get(row) ?? [];
    const ratios = reducer.map((ns, round) => ns / (twin[round] ?? NaN));
    return { row, reducer: spread(reducer), twin: spread(twin), ratio: quantile(ratios, 0.5) };
  });
}

/** Rows are kinds of events, columns populations: reducer, twin, how many times as long. */
export function table(figures: readonly Figures[]): string {
  const heads = figures.map(({ population }) => population.toLocaleString("en"));
  const lines = (figures[0]?.rows ?? []).map(({ row }) => [
    row,
    ...figures.map(({ rows }) => {
      const found = rows.find((other) => other.row === row);
      return found === undefined ? "" : cell(found);
    }),
  ]);
  const memory = figures.map(({ bytesPerClient: { reducer, twin } }) =>
    `${reducer.toFixed(0)} / ${twin.toFixed(0)} (${(reducer / twin).toFixed(2)})`
  );
  const all = [
    ["ns an event: reducer ± / twin ± (ratio)", ...heads],
    ...lines,
    ["bytes a client: reducer / twin (ratio)", ...memory],
  ];
  const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map((line) => line[i]?.length ?? 0)));
  return all.map((line) => line.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  ")).join(
    "\n",
  );
}

/** The goals, each with the figure that meets or misses it. */
export function goals(figures: readonly Figures[]): string {
  const lines: string[] = [];
  const relay = rowAt(figures, 100_000, "relay 2 KB");
  if (relay !== undefined) {
    lines.push(goal("relay at 100,000, ns", relay.reducer.median, 1_500));
    const parse = rowAt(figures, 100_000, "JSON.parse 2 KB")?.reducer.median ?? NaN;
    lines.push(`        (of these ${parse.toFixed(0)} are JSON.parse of the payload alone)`);
    lines.push(goal("relay at 100,000, times the twin's", relay.ratio, 2.5));
  }
  const tick = rowAt(figures, 1_000_000, "tick, nothing due");
  if (tick !== undefined) lines.push(goal("idle tick at a million, ns", tick.reducer.median, 200));
  for (const { row, reducer } of figures[0]?.rows ?? []) {
    const most = rowAt(figures, 1_000_000, row);
    if (most === undefined || figures[0]?.population !== 1_000) continue;
    lines.push(goal(`${row}, a million to 1,000`, most.reducer.median / reducer.median, 6));
  }
  return lines.join("\n");
}

function rowAt(figures: readonly Figures[], population: number, row: Row): RowFigures | undefined {
  return figures.find((at) => at.population === population)?.rows.find((at) => at.row === row);
}

function goal(name: string, value: number, max: number): string {
  return `${value <= max ? "met   " : "missed"}  ${name}: ${value.toPrecision(3)}, goal ${max}`;
}

function cell({ reducer, twin, ratio }: RowFigures): string {
  return `${plusMinus(reducer)} / ${plusMinus(twin)} (${ratio.toFixed(2)})`;
}

/** The median, and half the distance of the quartiles. */
function plusMinus({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(0)} ±${((upperQuartile - lowerQuartile) / 2).toFixed(0)}`;
}

function spread(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)] ?? NaN;
}
