/**
 * What watches a server for its operator: the metrics, who is connected, the attempts, and the admin port. The program
 * loads it with `admin_port`, or to export metrics.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import type { Settings } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";
import type { SignalingServer } from "../server.ts";
import { createClusterCounts } from "./cluster_counts.ts";
import { createCounts } from "./counts.ts";
import { createReader } from "./metrics.ts";
import { createLagMeter } from "./peak.ts";
import type { AdminServer } from "./server.ts";

/** What watches one server. */
export interface Operator {
  /** To be given to the server. */
  readonly observers: readonly Observer[];
  /**
   * Exports the metrics and listens on the admin port, if that is asked for. `port` is the server's own.
   *
   * @throws {StartError} If the address cannot be bound.
   */
  readonly start: (signaling: SignalingServer, port: number) => Promise<void>;
  /** The URL of the page; `null` before the start and without an admin port. */
  readonly url: () => string | null;
  /** Settles after a second at most. */
  readonly stop: () => Promise<void>;
}

export interface OperatorOptions {
  readonly settings: Settings;
  readonly version: string;
  /** Whether Deno exports metrics by OpenTelemetry. */
  readonly isExporting: boolean;
}

export async function createOperator(
  { settings, version, isExporting }: OperatorOptions,
): Promise<Operator> {
  const now = (): number => performance.now();
  const counts = createCounts();
  const cluster = settings.cluster === "" ? null : createClusterCounts({
    now,
    census: () => census(),
  });
  const lag = createLagMeter({ now, schedule: scheduleTimeout });
  // Literals, so that `deno compile` finds them.
  const admin = settings.admin_port === 0
    ? null
    : (await import("./port.ts")).createAdminPort(settings);
  const telemetry = isExporting ? await import("./telemetry.ts") : null;
  let server: AdminServer | null = null;
  let census: SignalingServer["census"] = () => Promise.resolve(null);

  async function start(signaling: SignalingServer, port: number): Promise<void> {
    census = signaling.census;
    const reader = createReader({ signaling, counts, lag, cluster, version }, now);
    telemetry?.exportMetrics(reader, version);
    server = await admin?.serve({ signaling, port, version, reader }) ?? null;
  }

  async function stop(): Promise<void> {
    lag.stop();
    await server?.stop();
  }

  // One function with a call for each is cheaper than a loop over them, at each message.
  const observe: Observer = (step) => {
    counts.observe(step);
    cluster?.observe(step);
    admin?.observe(step);
  };
  return {
    observers: [observe],
    start,
    url: () => server?.url ?? null,
    stop,
  };
}
