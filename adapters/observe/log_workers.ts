/**
 * Logs what happens to the workers of a process.
 *
 * @module
 */
import { escape } from "../../core/mod.ts";
import type { CrewEvents } from "../workers/crew.ts";
import { write } from "./log.ts";

export const WORKERS_LOG: CrewEvents = {
  ended: (worker, given, delayMs) => {
    const why = escape(given);
    write(
      "error",
      `Worker ${worker} ended: ${why}. Its clients come back to the others; another takes its place in ${delayMs} ms`,
      { event: "worker-ended", worker, why, delayMs },
    );
  },
  replaced: (worker) => {
    write("info", `Worker ${worker} is there again`, { event: "worker-replaced", worker });
  },
  starved: (worker) => {
    write(
      "error",
      `Worker ${worker} cannot be started, because the process has too few file descriptors left: trying again; ` +
        "raise the limit (ulimit -n)",
      { event: "worker-starved", worker },
    );
  },
  hangs: (worker) => {
    write(
      "error",
      `Worker ${worker} hangs, it has not answered for cluster_lease: the process ends, for its supervisor to start ` +
        "it again, because no thread that hangs can be ended alone",
      { event: "worker-hangs", worker },
    );
  },
  rotating: (worker, leaks) => {
    write(
      "warning",
      `Worker ${worker} has lost ${leaks} descriptors: its clients are asked to come back, and another takes its place`,
      { event: "worker-rotating", worker, leaks },
    );
  },
};

/** Logs that all workers listen. */
export function logWorkers(workers: number): void {
  write("info", `${workers} workers share the port`, { event: "workers", workers });
}
