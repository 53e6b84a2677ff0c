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

/** Where the metrics are read. */
export interface Sources {
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
  readonly version: string;
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
  /** The values now. */
  readonly read: (sources: Sources) => readonly Sample[];
}

export const METRICS: readonly Metric[] = [
  gauge(
    "signalbox_clients",
    "Clients that hold an id.",
    ({ signaling }) => signaling.clientCount(),
  ),
  gauge(
    "signalbox_clients_limit",
    "How many clients it may have (concurrent_limit).",
    ({ signaling }) => signaling.settings.concurrent_limit,
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
  gauge(
    "signalbox_event_loop_lag_seconds",
    "The longest delay of a timer within the last 15 to 30 s.",
    ({ lag }) => lag.read() / 1_000,
  ),
  {
    name: "signalbox_info",
    type: "gauge",
    labels: ["version"],
    help: "The version of the server; the value is always 1.",
    isOfNode: false,
    read: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  clustered(
    "signalbox_cluster_joined",
    "gauge",
    "1 if the node is joined to its cluster and not cut off, otherwise 0.",
    (_, { state, now }) => {
      const { cluster } = state();
      return cluster?.phase === "joined" && cluster.leaseUntil > now() ? 1 : 0;
    },
  ),
  clustered(
    "signalbox_cluster_nodes",
    "gauge",
    "Nodes of the cluster as of the last beat, also those that are dead and not reaped yet.",
    ({ nodes }) => nodes(),
  ),
  clustered(
    "signalbox_cluster_claims",
    "gauge",
    "Ids that clients of all nodes hold, as of the last beat.",
    ({ claims }) => claims(),
  ),
  clustered(
    "signalbox_cluster_unacknowledged_messages",
    "gauge",
    "Messages that were sent to other nodes and are not acknowledged yet.",
    (_, { state }) => state().cluster?.flights.size ?? 0,
  ),
  clustered(
    "signalbox_cluster_bounced_total",
    "counter",
    "Messages that another node sent back, because it does not have their destination any more.",
    ({ bounced }) => bounced(),
  ),
  clustered(
    "signalbox_cluster_engine_seconds",
    "gauge",
    "The longest that the engine (Redis) took to answer within the last 15 to 30 s.",
    ({ engineMs }) => engineMs() / 1_000,
  ),
  clustered(
    "signalbox_cluster_last_beat_seconds",
    "gauge",
    "How long ago the engine last answered a beat or, before the first, the process started.",
    ({ beatAt }, { now }) => (now() - (beatAt() ?? 0)) / 1_000,
  ),
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

/** Reads every metric, by its name. */
export type Readings = ReadonlyMap<string, readonly Sample[]>;

/** How long readings are used again, so that a flood of requests costs little. */
export const READINGS_MAX_MS = 250;

/** The metrics of one server, and what reads them all, at most every {@linkcode READINGS_MAX_MS}. */
export interface Reader {
  readonly metrics: readonly Metric[];
  readonly read: () => Readings;
}

/** @param now A monotonic clock in milliseconds. */
export function createReader(sources: Sources, now: () => number): Reader {
  const metrics = METRICS.filter(({ isOfNode }) => !isOfNode || sources.cluster !== null);
  let readings: Readings = new Map();
  let readAt = -Infinity;
  return {
    metrics,
    read: () => {
      if (now() - readAt < READINGS_MAX_MS) return readings;
      readAt = now();
      return readings = new Map(metrics.map(({ name, read }) => [name, read(sources)]));
    },
  };
}

function gauge(name: string, help: string, value: (sources: Sources) => number): Metric {
  const read: Metric["read"] = (sources) => [{ labels: {}, value: value(sources) }];
  return { name, type: "gauge", labels: [], help, isOfNode: false, read };
}

function counter(
  name: string,
  labels: readonly string[],
  help: string,
  read: Metric["read"],
): Metric {
  return { name, type: "counter", labels, help, isOfNode: false, read };
}

function clustered(
  name: string,
  type: Metric["type"],
  help: string,
  value: (counts: ClusterCounts, signaling: Sources["signaling"]) => number,
): Metric {
  const read: Metric["read"] = ({ cluster, signaling }) =>
    cluster === null ? [] : [{ labels: {}, value: value(cluster, signaling) }];
  return { name, type, labels: [], help, isOfNode: true, read };
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
