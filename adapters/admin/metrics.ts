/**
 * The table of metrics. Each is defined here once: `/metrics`, OpenTelemetry, `/api/stats` and the table in the README
 * come from it. No label has an id, an address or a key, and the values of every label are a closed set.
 *
 * @module
 */
import process from "node:process";
import type { SignalingServer } from "../server.ts";
import type { ClusterCounts } from "./cluster_counts.ts";
import type { Counts } from "./counts.ts";
import type { Peak } from "./peak.ts";

/** Where the metrics of one server are read. */
export interface ServerSources {
  readonly signaling: Pick<
    SignalingServer,
    | "settings"
    | "state"
    | "now"
    | "clientCount"
    | "unsentBytes"
    | "watcherCount"
    | "refusedRequests"
  >;
  readonly counts: Counts;
  readonly lag: Pick<Peak, "read">;
  /** `null` for a server that is alone. */
  readonly cluster: ClusterCounts | null;
}

/** Where the metrics of the process are read. */
export interface ProcessSources {
  readonly version: string;
  /** Option `concurrent_limit`. */
  readonly clientsLimit: number;
  /** `null` without workers. */
  readonly workers: WorkersSources | null;
}

export interface WorkersSources {
  /** The delays of the main thread. */
  readonly lag: Pick<Peak, "read">;
  /** How many workers took the place of another. */
  readonly replacements: () => number;
  /** How many clients each worker has that answers, by its place. */
  readonly clients: () => ReadonlyMap<number, number>;
}

/** A value, and the labels that it is for. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric as Prometheus and OpenTelemetry know it. */
export interface Metric {
  /** Ends with the unit, and for a counter with `_total`. */
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly labels: readonly string[];
  readonly help: string;
  /** Whether only a node of a cluster has it. */
  readonly isOfNode: boolean;
  /** Whether only a process with workers has it. */
  readonly isOfWorkers: boolean;
  /** How the values of several workers become one. */
  readonly merge: "sum" | "most" | "least";
}

/** A metric, and how to read its values. */
interface Row<Sources> extends Metric {
  readonly read: (sources: Sources) => readonly Sample[];
}

const LAG = {
  ...gauge<{ readonly lag: Pick<Peak, "read"> }>(
    "signalbox_event_loop_lag_seconds",
    "The longest delay of a timer within the last 15 to 30 s.",
    ({ lag }) => lag.read() / 1_000,
  ),
  merge: "most",
} as const;

/** What each server has of its own. */
const SERVER_METRICS: readonly Row<ServerSources>[] = [
  gauge(
    "signalbox_clients",
    "Clients that hold an id.",
    ({ signaling }) => signaling.clientCount(),
  ),
  counter(
    "signalbox_opens_total",
    ["outcome"],
    "Sockets by what came of them: admitted, replaced (admitted in place of an older one), or refused_ and why.",
    ({ counts }) => byLabel("outcome", counts.opens),
  ),
  counter(
    "signalbox_requests_refused_total",
    ["status"],
    "Requests that were refused, by status: 404 is a wrong path, 401 a wrong key or token, 426 a WebSocket whose " +
      "headers a proxy dropped.",
    ({ signaling }) => byLabel("status", Object.fromEntries(signaling.refusedRequests)),
  ),
  counter(
    "signalbox_closes_total",
    ["by", "code"],
    "Connections of clients that ended, by the side that ended them and its close code; one that was lost is " +
      "of the client, with code 1006.",
    ({ counts }) => byTwo(["by", "code"], counts.closes),
  ),
  counter(
    "signalbox_messages_total",
    ["type", "outcome"],
    "Messages between clients by type and outcome. One that was stored counts again as delivered_later or expired, " +
      "and one that was relayed to a socket that did not take it as stored or refused.",
    ({ counts }) => byTwo(["type", "outcome"], counts.messages),
  ),
  counter(
    "signalbox_frames_refused_total",
    ["reason"],
    "Frames of clients that are no message, or over a limit.",
    ({ counts }) => byLabel("reason", counts.frames),
  ),
  gauge(
    "signalbox_stored_messages",
    "Messages that wait for a client, in a cluster also for the node that has it.",
    ({ signaling }) => signaling.state().stored.size,
  ),
  gauge(
    "signalbox_stored_bytes",
    "Memory that stored messages count as.",
    ({ signaling }) => signaling.state().storedBytes,
  ),
  gauge(
    "signalbox_unsent_bytes",
    "Data that clients with more than 16 KiB of it have not read yet.",
    ({ signaling }) => signaling.unsentBytes(),
  ),
  gauge(
    "signalbox_pending_sockets",
    "Sockets that wait for the check of their token or for the cluster.",
    ({ signaling }) => signaling.state().pending.size,
  ),
  gauge(
    "signalbox_watchers",
    "Open streams of presence.",
    ({ signaling }) => signaling.watcherCount(),
  ),
  LAG,
  clustered(
    "signalbox_cluster_joined",
    "gauge least",
    "1 if the node is joined to its cluster and not cut off, otherwise 0.",
    (_, { state, now }) => {
      const { cluster } = state();
      return cluster?.phase === "joined" && cluster.leaseUntil > now() ? 1 : 0;
    },
  ),
  clustered(
    "signalbox_cluster_nodes",
    "gauge most",
    "Nodes of the cluster as of the last beat, also those that are dead and not reaped yet.",
    ({ nodes }) => nodes(),
  ),
  clustered(
    "signalbox_cluster_claims",
    "gauge most",
    "Ids that clients of all nodes hold, as of the last beat.",
    ({ claims }) => claims(),
  ),
  clustered(
    "signalbox_cluster_unacknowledged_messages",
    "gauge sum",
    "Messages that were sent to other nodes and are not acknowledged yet.",
    (_, { state }) => state().cluster?.flights.size ?? 0,
  ),
  clustered(
    "signalbox_cluster_bounced_total",
    "counter sum",
    "Messages that another node sent back, because it does not have their destination any more.",
    ({ bounced }) => bounced(),
  ),
  clustered(
    "signalbox_cluster_engine_seconds",
    "gauge most",
    "The longest that the engine (Redis) took to answer within the last 15 to 30 s.",
    ({ engineMs }) => engineMs() / 1_000,
  ),
  clustered(
    "signalbox_cluster_last_beat_seconds",
    "gauge most",
    "How long ago the engine last answered a beat or, before the first, the process started.",
    ({ beatAt }, { now }) => (now() - (beatAt() ?? 0)) / 1_000,
  ),
];

/** What the process has, whoever has its clients. */
const PROCESS_METRICS: readonly Row<ProcessSources>[] = [
  gauge(
    "signalbox_clients_limit",
    "How many clients it may have (concurrent_limit).",
    ({ clientsLimit }) => clientsLimit,
  ),
  {
    ...gauge("signalbox_info", "The version of the server; the value is always 1.", () => 1),
    labels: ["version"],
    read: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  ofWorkers(gauge(
    "signalbox_workers",
    "Workers that answer.",
    ({ workers }) => workers?.clients().size ?? 0,
  )),
  ofWorkers({
    ...gauge("signalbox_worker_clients", "Clients that hold an id, by worker.", () => 0),
    labels: ["worker"],
    read: ({ workers }) =>
      [...workers?.clients() ?? []].map(([place, value]) => ({
        labels: { worker: String(place) },
        value,
      })),
  }),
  ofWorkers(counter(
    "signalbox_worker_replacements_total",
    [],
    "Workers that took the place of one that ended, hung, or was rotated.",
    ({ workers }) => [{ labels: {}, value: workers?.replacements() ?? 0 }],
  )),
  gauge(
    "process_resident_memory_bytes",
    "Resident memory of the process.",
    () => process.memoryUsage.rss(),
  ),
  counter(
    "process_cpu_seconds_total",
    [],
    "User and system time that the process used.",
    () => {
      const { user, system } = process.cpuUsage();
      return [{ labels: {}, value: (user + system) / 1e6 }];
    },
  ),
  gauge(
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    () => performance.timeOrigin / 1_000,
  ),
];

/** All metrics. */
export const METRICS: readonly Metric[] = [...SERVER_METRICS, ...PROCESS_METRICS];

/** Values of metrics, by their names. */
export type Readings = ReadonlyMap<string, readonly Sample[]>;

/** Reads what one server has. */
export function readServer(sources: ServerSources): Readings {
  const rows = SERVER_METRICS.filter(({ isOfNode }) => !isOfNode || sources.cluster !== null);
  return new Map(rows.map(({ name, read }) => [name, read(sources)]));
}

/** Reads what the process has. */
export function readProcess(sources: ProcessSources): Readings {
  const { workers } = sources;
  const rows = PROCESS_METRICS.filter(({ isOfWorkers }) => !isOfWorkers || workers !== null);
  const readings = rows.map(({ name, read }) => [name, read(sources)] as const);
  return new Map(workers === null ? readings : [...readings, [LAG.name, LAG.read(workers)]]);
}

function gauge<Sources>(
  name: string,
  help: string,
  value: (sources: Sources) => number,
): Row<Sources> {
  const read: Row<Sources>["read"] = (sources) => [{ labels: {}, value: value(sources) }];
  const common = { isOfNode: false, isOfWorkers: false, merge: "sum" } as const;
  return { name, type: "gauge", labels: [], help, read, ...common };
}

function counter<Sources>(
  name: string,
  labels: readonly string[],
  help: string,
  read: Row<Sources>["read"],
): Row<Sources> {
  const common = { isOfNode: false, isOfWorkers: false, merge: "sum" } as const;
  return { name, type: "counter", labels, help, read, ...common };
}

function ofWorkers(row: Row<ProcessSources>): Row<ProcessSources> {
  return { ...row, isOfWorkers: true };
}

function clustered(
  name: string,
  kind: `${Metric["type"]} ${Metric["merge"]}`,
  help: string,
  value: (counts: ClusterCounts, signaling: ServerSources["signaling"]) => number,
): Row<ServerSources> {
  const [type, merge] = kind.split(" ") as [Metric["type"], Metric["merge"]];
  const read: Row<ServerSources>["read"] = ({ cluster, signaling }) =>
    cluster === null ? [] : [{ labels: {}, value: value(cluster, signaling) }];
  return { name, type, labels: [], help, isOfNode: true, isOfWorkers: false, merge, read };
}

function byLabel(label: string, row: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(row).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function byTwo(
  [first, second]: readonly [string, string],
  rows: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Sample[] {
  return Object.entries(rows).flatMap(([key, row]) =>
    byLabel(second, row).map(({ labels, value }) => ({
      labels: { [first]: key, ...labels },
      value,
    }))
  );
}
