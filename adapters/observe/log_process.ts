/**
 * Logs the state of the process: pauses, lost descriptors, and risks of its configuration.
 *
 * @module
 */
import { isPowerOfTwo, write } from "./log.ts";
import type { Leak } from "../errors.ts";
import { escape } from "../../core/mod.ts";

/** Logs a pause of the process, which counts as silence of no client. */
export function logPause(pauseMs: number): void {
  const seconds = (pauseMs / 1_000).toFixed(1);
  write("warning", `The process paused for ${seconds} s: no timeout counts this time`, {
    event: "paused",
    awayMs: Math.round(pauseMs),
  });
}

/** Logs that the server takes no new clients and closes those that it has. */
export function logDraining(clients: number, ms: number): void {
  const seconds = ms / 1_000;
  write(
    "info",
    `Draining: no new clients, and the ${clients} that are connected are closed within ${seconds} s`,
    { event: "draining", clients, seconds },
  );
}

/** Logs how many clients a drain has left to the stop. */
export function logDrained(clients: number): void {
  write("info", `Drained: clients left to the stop: ${clients}`, {
    event: "drained",
    clients,
  });
}

/** Counts sockets whose descriptor is lost. Logs the first, the second, the fourth and so on. */
export function createLeakLog(): (how: Leak) => void {
  const counts: Record<Leak, number> = { "never-opened": 0, "never-closed": 0 };
  return (how) => {
    const count = ++counts[how];
    if (!isPowerOfTwo(count)) return;
    write("warning", `${HOW[how]}: ${count} so far. ${REMEDY}`, { event: "leaked", how, count });
  };
}

/** Logs that the limit of descriptors is too low for `clients`, with `spare` for everything else. */
export function logFewDescriptors(clients: number, descriptors: number, spare: number): void {
  const [wanted, fits] = [clients + spare, Math.max(0, descriptors - spare)];
  write(
    "warning",
    `The process may have ${descriptors} descriptors, too few for ${clients} clients: raise it ` +
      `(ulimit -n ${wanted}), or lower --concurrent_limit to ${fits}`,
    { event: "few-descriptors", descriptors, clients, wanted, fits },
  );
}

/** Logs that clients can reach `Deno.serve` without a proxy, and so can make it lose descriptors. */
export function logExposed(): void {
  write(
    "warning",
    "Strangers may reach Deno.serve directly: clients that reset while they connect, or never answer a close, " +
      `cost it a descriptor each, for good. ${REMEDY}`,
    { event: "exposed" },
  );
}

/** Logs that several workers cannot be had here. */
export function logOneWorker(wanted: number, why: string): void {
  write("warning", `Option workers: ${wanted} asked for, and one runs: ${why}`, {
    event: "one-worker",
    wanted,
    why,
  });
}

/** Logs that Deno exports a trace of every request, with its whole URL. */
export function logTracing(): void {
  write(
    "warning",
    "Deno exports the URL of every request by OpenTelemetry, and with it keys and tokens of clients. " +
      "Set OTEL_DENO_TRACING=false; metrics are exported all the same",
    { event: "tracing" },
  );
}

/** Logs that variables which may set options cannot be read. */
export function logUnreadableVariables(sentence: string): void {
  write("info", sentence, { event: "unreadable-variables" });
}

/** Logs that systemd does not learn that the server listens. */
export function logNotNotified(why: string): void {
  const remedy = "give the unit NotifyAccess=all, and deno --allow-run=systemd-notify";
  write(
    "error",
    `systemd does not learn that the server listens, and will end it: ${escape(why)}; ${remedy}`,
    { event: "not-notified" },
  );
}

const HOW: Readonly<Record<Leak, string>> = {
  "never-opened":
    "A client reset its connection while it was upgraded, and Deno.serve keeps the descriptor",
  "never-closed": "A client does not answer its close, and Deno.serve keeps the descriptor",
};

const REMEDY =
  "Put a proxy such as nginx or Caddy in front (--host 127.0.0.1 --trusted_proxies 127.0.0.1), or start " +
  "with --listener node; a restart gives descriptors back";
