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
import { createLagMeter } from "./peak.ts";
import { type Ask, askOne } from "./questions.ts";
import { createReader, type ReaderPorts } from "./reader.ts";
import type { AdminServer } from "./server.ts";
import { createWatched } from "./watched.ts";
import { ALONE } from "./whose.ts";

/** What all operators can do. */
interface Running {
  /** The URL of the page; `null` before the start and without an admin port. */
  readonly url: () => string | null;
  /** Settles after a second at most. */
  readonly stop: () => Promise<void>;
}

/** What watches a server in this thread. */
export interface Operator extends Running {
  /** To be given to the server. */
  readonly observers: readonly Observer[];
  /**
   * Exports the metrics and listens on the admin port, if that is asked for. `port` is the server's own.
   *
   * @throws {StartError} If the address cannot be bound.
   */
  readonly start: (signaling: SignalingServer, port: number) => Promise<void>;
}

/** What asks workers, which watch their servers themselves. */
export interface WorkersOperator extends Running {
  /**
   * As that of {@linkcode Operator}.
   *
   * @throws {StartError} If the address cannot be bound.
   */
  readonly start: (workers: WatchedWorkers) => Promise<void>;
}

/** Workers, as an operator sees them. */
export interface WatchedWorkers {
  /** The port that they share. */
  readonly port: number;
  readonly size: number;
  readonly ask: Ask;
  /** How many took the place of another. */
  readonly replacements: () => number;
}

export interface OperatorOptions {
  readonly settings: Settings;
  readonly version: string;
  /** Whether Deno exports metrics by OpenTelemetry. */
  readonly isExporting: boolean;
}

export async function createOperator(options: OperatorOptions): Promise<Operator> {
  const watched = await createWatched(options.settings, ALONE);
  const { open, url, stop } = createOpener(options);
  return {
    observers: watched.observers,
    start: (signaling, port) =>
      open({ port, size: 1, ask: askOne(watched.answersOf(signaling)) }, null),
    url,
    stop: async () => {
      watched.stop();
      await stop();
    },
  };
}

export function createWorkersOperator(options: OperatorOptions): WorkersOperator {
  const lag = createLagMeter({ now: () => performance.now(), schedule: scheduleTimeout });
  const { open, url, stop } = createOpener(options);
  return {
    start: ({ replacements, ...workers }) => open(workers, { lag, replacements }),
    url,
    stop: async () => {
      lag.stop();
      await stop();
    },
  };
}

type Open = (
  served: Pick<WatchedWorkers, "port" | "size" | "ask">,
  workers: ReaderPorts["workers"],
) => Promise<void>;

function createOpener({ settings, version, isExporting }: OperatorOptions): Running & {
  readonly open: Open;
} {
  let server: AdminServer | null = null;

  const open: Open = async ({ port, size, ask }, workers) => {
    const reader = createReader({
      ...{ ask, version, workers },
      now: () => performance.now(),
      isNode: settings.cluster !== "",
      clientsLimit: settings.concurrent_limit,
    });
    // Literals, so that `deno compile` finds them.
    if (isExporting) (await import("./telemetry.ts")).exportMetrics(reader, version);
    if (settings.admin_port === 0) return;
    const { openAdminPort } = await import("./port.ts");
    server = await openAdminPort({ settings, port, version, workers: size, ask, reader });
  };

  return { open, url: () => server?.url ?? null, stop: async () => await server?.stop() };
}
