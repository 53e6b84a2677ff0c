/**
 * Reads the metrics of a process: those of its server, or those of all its workers as one.
 *
 * @module
 */
import {
  type Metric,
  METRICS,
  type ProcessSources,
  type Readings,
  readProcess,
  type Sample,
  type WorkersSources,
} from "./metrics.ts";
import type { Ask, Figures } from "./questions.ts";

/** How long readings are used again, so that a flood of requests costs little. */
export const READINGS_MAX_MS = 250;

/** How long a worker may take to say its metrics: one that hangs must not keep Prometheus waiting. */
const ANSWER_MAX_MS = 900;

/** The metrics of one process, and what reads them all, at most every {@linkcode READINGS_MAX_MS}. */
export interface Reader {
  readonly metrics: readonly Metric[];
  readonly read: () => Promise<Readings>;
  /** The name of the server in a cluster of several machines, as of the last reading; `null` without one. */
  readonly node: () => string | null;
}

export interface ReaderPorts extends Pick<ProcessSources, "version" | "clientsLimit"> {
  readonly ask: Ask;
  /** Whether the process is in a cluster of several machines. */
  readonly isNode: boolean;
  /** `null` without workers. */
  readonly workers: Omit<WorkersSources, "clients"> | null;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

export function createReader(ports: ReaderPorts): Reader {
  const { ask, isNode, now, workers } = ports;
  const metrics = METRICS.filter((metric) =>
    (isNode || !metric.isOfNode) && (workers !== null || !metric.isOfWorkers)
  );
  const totals = createTotals();
  let reading: Promise<Readings> = Promise.resolve(new Map());
  let readAt = -Infinity;
  let node: string | null = null;

  async function readAll(): Promise<Readings> {
    const answers = await ask("figures", null, ANSWER_MAX_MS);
    readAt = now();
    if (workers === null) node = answers[0]?.node ?? null;
    answers.forEach(totals.add);
    const clients = new Map(answers.map(({ of, readings }) => [of.place, clientsIn(readings)]));
    const own = readProcess({
      ...ports,
      workers: workers === null ? null : { ...workers, clients: () => clients },
    });
    const current = answers.map(({ readings }) => readings);
    return new Map(metrics.map((metric) => {
      const all = [...(metric.type === "counter" ? totals.of() : current), own];
      return [metric.name, merged(metric, all)];
    }));
  }

  function read(): Promise<Readings> {
    if (now() - readAt < READINGS_MAX_MS) return reading;
    // Until it is there, all who ask wait for it.
    readAt = Infinity;
    reading = readAll();
    reading.catch(() => readAt = -Infinity);
    return reading;
  }

  return { metrics, read, node: () => node };
}

function clientsIn(readings: Readings): number {
  return readings.get("signalbox_clients")?.[0]?.value ?? 0;
}

/**
 * The counters of all workers, also of those that have ended or do not answer: a total that falls looks like a restart
 * of the process, and all that is left of it like news.
 */
function createTotals(): {
  readonly add: (figures: Figures) => void;
  readonly of: () => readonly Readings[];
} {
  const latest = new Map<number, Figures>();
  let past: Readings = new Map();
  return {
    add: (figures) => {
      const { place, launch } = figures.of;
      const before = latest.get(place);
      if (before !== undefined && before.of.launch !== launch) {
        const both = [past, before.readings];
        past = new Map(COUNTERS.map((metric) => [metric.name, merged(metric, both)]));
      }
      latest.set(place, figures);
    },
    of: () => [past, ...[...latest.values()].map(({ readings }) => readings)],
  };
}

const COUNTERS = METRICS.filter(({ type }) => type === "counter");

/** Makes one of the values of several, for each value of the labels. */
function merged({ name, merge }: Metric, all: readonly Readings[]): readonly Sample[] {
  const lists = all.flatMap((readings) => readings.get(name) ?? []);
  const byLabels = new Map<string, Sample>();
  for (const sample of lists) {
    const key = JSON.stringify(sample.labels);
    const value = byLabels.get(key)?.value;
    const one = value === undefined ? sample.value : MERGE[merge](value, sample.value);
    byLabels.set(key, { labels: sample.labels, value: one });
  }
  return [...byLabels.values()];
}

const MERGE: Readonly<Record<Metric["merge"], (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  most: Math.max,
  least: Math.min,
};
