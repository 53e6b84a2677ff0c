/** What the rounds of the growth came to: tables, and the chart's lines. */
import type { Metrics } from "../measures.ts";
import { type Spread, spreadOf, write } from "../results.ts";

/** The figures of one round by size. */
export type Round = Readonly<Record<string, Metrics>>;

/** The rounds of one part. */
export interface Series {
  readonly takenAt: string;
  readonly cpu: string;
  readonly cores: number;
  readonly versions: string;
  readonly rounds: readonly Round[];
}

/** The results file. */
export interface Growth {
  readonly reducer: Series;
  readonly server: Series;
  readonly process: Series;
}

/** A metric: what it is called in the table and in the chart, and how it is written. */
export interface Row {
  readonly metric: string;
  readonly title: string;
  /** `null` leaves it out of the chart. */
  readonly label: string | null;
  readonly per: number;
  readonly digits: number;
}

function row(metric: string, title: string, label: string | null, per = 1, digits = 1): Row {
  return { metric, title, label, per, digits };
}

export const REDUCER_ROWS: readonly Row[] = [
  row("message_few_us", "a message among the same 1,000, µs", "message, same 1,000"),
  row("message_us", "a message of anybody to anybody, µs", "message"),
  row("beat_few_us", "a heartbeat of the same 1,000, µs", "heartbeat, same 1,000", 1, 2),
  row("beat_us", "a heartbeat of anybody, µs", "heartbeat", 1, 2),
  row("bare_map_us", "for comparison: an entry of a bare `Map` replaced, µs", "bare Map", 1, 2),
  row("store_us", "a message for an absent id, µs", "stored"),
  row("expire_us", "the end of its time, µs", "expired"),
  row("open_us", "an open, µs", "open"),
  row("close_us", "a close of anybody, µs", "close"),
  row("tick_us", "a tick with nothing due, µs", "tick", 1, 2),
  row("check_us", "a look at a client that was heard, µs", "look", 1, 2),
  row("timeout_us", "a look at one that was not, µs", "time-out"),
  row("drain_us", "a client that a drain closes, µs", "drain"),
  row("metrics_us", "the text of `/metrics`, µs", "/metrics", 1, 0),
  row("peers_us", "the list of `/peers`, ns a client", "/peers, a client", 1e-3, 0),
  row("copy_us", "the copy that a recording begins with, ns a client", null, 1e-3, 0),
  row("open_longest_ms", "the longest single open while the crowd grows, ms", null),
  row("client_bytes", "memory of a client in the state, bytes", null, 1, 0),
];

export const SERVER_ROWS: readonly Row[] = [
  row("message_few_us", "a message among the same 1,000, µs", "message, same 1,000"),
  row("message_us", "a message of anybody to anybody, µs", "message"),
  row("beat_few_us", "a heartbeat of the same 1,000, µs", "heartbeat, same 1,000", 1, 2),
  row("beat_us", "a heartbeat of anybody, µs", "heartbeat", 1, 2),
  row("open_us", "an open, µs", "open"),
  row("close_us", "a close of anybody, µs", "close"),
  row("client_bytes", "memory of a client, bytes", null, 1, 0),
];

export const PROCESS_ROWS: readonly Row[] = [
  row("message_us", "CPU of a message of anybody to anybody, µs", "message"),
  row("beat_us", "CPU of a heartbeat of anybody, µs", "heartbeat"),
  row("open_us", "CPU of an open, µs", "open", 1, 0),
  row("grow_us", "CPU of an open while the crowd grows to that size, µs", "open, growing", 1, 0),
  row("close_us", "CPU of a close, µs", "close", 1, 0),
  row("idle_ms", "CPU of a second in which nothing happens, ms", "idle second"),
  row("metrics_ms", "`GET /metrics`, ms", "/metrics"),
  row("peers_us", "`GET /peers`, µs a client", null, 1, 2),
  row("p50_ms", "a message that comes alone, p50, ms", "p50", 1, 2),
  row("p99_ms", "the same, p99, ms", "p99", 1, 2),
  row("connection_bytes", "memory of a connection, of those since the last size, KB", null, 1e3),
];

/** The sizes of all rounds, in order. */
export function sizesOf({ rounds }: Pick<Series, "rounds">): readonly number[] {
  const sizes = new Set(rounds.flatMap((round) => Object.keys(round).map(Number)));
  return [...sizes].sort((a, b) => a - b);
}

/** The quartiles of a metric at a size. */
export function spreadAt(
  { rounds }: Pick<Series, "rounds">,
  size: number,
  metric: string,
): Spread {
  return spreadOf(
    rounds.map((round) => round[size]?.[metric]).filter((value) => value !== undefined),
  );
}

/** The quartiles of what a size costs in multiples of the smallest, both of the same round. */
export function growthAt(
  { rounds }: Pick<Series, "rounds">,
  [base, size]: readonly [base: number, size: number],
  metric: string,
): Spread {
  return spreadOf(rounds.flatMap((round) => {
    const [from, to] = [round[base]?.[metric], round[size]?.[metric]];
    return from === undefined || to === undefined ? [] : [to / from];
  }));
}

/** Medians and quartiles, a column for each size, and what the largest costs in multiples of the smallest. */
export function growthTable(series: Pick<Series, "rounds">, rows: readonly Row[]): string {
  const sizes = sizesOf(series);
  const [base = NaN] = sizes;
  const last = sizes.at(-1) ?? NaN;
  const body = rows.map(({ metric, title, per, digits }) => [
    title,
    ...sizes.map((size) => writeSpread(spreadAt(series, size, metric), per, digits)),
    writeSpread(growthAt(series, [base, last], metric), 1, 2),
  ]);
  const head = [
    "clients",
    ...sizes.map((size) => write(size, 0)),
    `${write(last, 0)} / ${write(base, 0)}`,
  ];
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** The page, as it stands in the README. */
export function growthPage({ reducer, server, process }: Growth): string {
  return `## The rules alone

${said(reducer, "reducer")} CPU of all threads, of \`reduce\` and of what the loop does around it:

${growthTable(reducer, REDUCER_ROWS)}

## The server without the platform

${
    said(server, "server")
  } The same for all that the server does with a request or a socket, both of which are objects here, without the admin port:

${growthTable(server, SERVER_ROWS)}

## A process with real connections

${said(process, "process")} CPU of all threads of the process:

${growthTable(process, PROCESS_ROWS)}`;
}

function said({ takenAt, versions, cores, cpu, rounds }: Series, only: string): string {
  return `Measured on ${
    takenAt.slice(0, 10)
  } with ${versions}, on ${cores} cores (${cpu}), ${rounds.length} ${
    rounds.length === 1 ? "round" : "rounds"
  }, medians and quartiles (\`deno task bench --growth --only ${only}\`).`;
}

function writeSpread(spread: Spread, per: number, digits: number): string {
  const [low, median, high] = spread.map((value) => write(value / per, digits));
  if (Number.isNaN(spread[1])) return "";
  return low === high ? `${median}` : `${median} (${low} to ${high})`;
}
