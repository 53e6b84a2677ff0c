/**
 * The metrics: what each is called in print, and how its number is written.
 *
 * @module
 */

/** What a measure gave, by the name of the metric; `null` where the server cannot do it. */
export type Metrics = Readonly<Record<string, number | null>>;

/** How a metric is printed. */
export interface Format {
  readonly name: string;
  readonly title: string;
  readonly digits: number;
  /** Whether its ratio says something; the others only show that the figures can be trusted. */
  readonly isCompared: boolean;
}

/** The metrics in the order of print. */
export function formats(rates: readonly number[]): readonly Format[] {
  return [
    compared("relay_cpu_us", "CPU a relayed message, µs", 2),
    compared("relay_per_s", "messages a second", 0),
    shown("relay_server_share", "  CPU of the server while relaying, cores", 2),
    shown("relay_load_share", "  CPU of the load while relaying, cores", 2),
    shown("relay_lost", "  messages lost", 0),
    ...rates.flatMap(latencyFormats),
    compared("open_cpu_us", "CPU an open, µs", 1),
    compared("open_close_cpu_us", "CPU an open and its close, µs", 1),
    compared("open_per_s", "opens a second", 0),
    shown("open_load_share", "  CPU of the load while opening, cores", 2),
    compared("idle_bytes", "memory of an idle connection, bytes", 0),
    compared("idle_beat_us", "CPU a heartbeat of a client in an idle crowd, µs", 1),
    compared("heartbeat_cpu_us", "CPU a heartbeat, µs", 2),
    shown("heartbeat_load_share", "  CPU of the load while it beats, cores", 2),
    compared("start_ms", "start to listening, ms", 0),
  ];
}

/** A number as it is printed; "cannot" where there is none. */
export function write(value: number | null | undefined, digits: number): string {
  if (value === undefined) return "";
  if (value === null) return "cannot";
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function latencyFormats(rate: number): readonly Format[] {
  const at = `at ${rate.toLocaleString("en")} messages/s`;
  return [
    compared(`latency_${rate}_p50_us`, `round trip ${at}, µs: p50`, 0),
    compared(`latency_${rate}_p99_us`, "  p99", 0),
    compared(`latency_${rate}_p999_us`, "  p99.9", 0),
    compared(`latency_${rate}_cpu_us`, `CPU a message ${at}, µs`, 2),
    shown(`latency_${rate}_server_share`, "  CPU of the server, cores", 2),
    shown(`latency_${rate}_late99_us`, "  sent late by the load, p99, µs", 0),
  ];
}

function compared(name: string, title: string, digits: number): Format {
  return { name, title, digits, isCompared: true };
}

function shown(name: string, title: string, digits: number): Format {
  return { name, title, digits, isCompared: false };
}
