/**
 * Starts the server as a program: checks the settings, starts the listener, and handles signals and uncaught
 * exceptions.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { scheduleTimeout, within } from "../clock.ts";
import { close as closeDebugger } from "node:inspector";
import { checkAuthFiles } from "../auth/jwt.ts";
import { VERSION, VERSION_TEXT } from "./help.ts";
import { listenDeno } from "../listen/deno.ts";
import { descriptorLimit } from "./descriptors.ts";
import type { Operator } from "../admin/operator.ts";
import { createSignalingServer, type SignalingServer } from "../server.ts";
import { PROCESS_ENVIRONMENT } from "./environment.ts";
import { notifyReady } from "./notify.ts";
import { demandPermissions, needsOf } from "./permissions.ts";
import {
  logExposed,
  logFewDescriptors,
  logTracing,
  logUnreadableVariables,
} from "../observe/log_process.ts";
import { isLoopback, type Settings } from "../../core/mod.ts";
import type { Listener } from "../listen/listener.ts";
import {
  type Log,
  logFault,
  logReloaded,
  logSignal,
  logSizes,
  logStopping,
} from "../observe/log.ts";
import { checkRecordFile } from "../record/disk.ts";
import { logAdminExposed, logAdminListening } from "../observe/log_admin.ts";
import { logListening } from "../observe/start_log.ts";

/**
 * Checks the settings, and listens with them. SIGUSR2 logs how many clients and messages there are, SIGHUP reloads the
 * TLS files if the listener can. SIGUSR1 does nothing, but is handled, because an unhandled signal ends the process.
 *
 * @throws {StartError} If Deno does not allow what the settings need, an address cannot be bound, or a TLS file, the
 * keys or the place for the recording cannot be used.
 */
export async function listen(
  signaling: SignalingServer,
  operator: Operator | null = null,
): Promise<Program> {
  const { settings } = signaling;
  let reload: Listener["reload"] = "The server does not listen yet: there is nothing to read again";
  let reloaded = Promise.resolve();
  onSignal("SIGHUP", () => {
    reloaded = reloaded.then(() => reloadTls(reload));
  });
  onSignal("SIGUSR1", () => {
    closeInspector();
    logSignal(
      "warning",
      "SIGUSR1",
      "No effect; SIGUSR2 logs how many clients and messages there are",
    );
  });
  onSignal("SIGUSR2", () => logSizes(signaling.sizes()));
  demandPermissions(needsOf(settings));
  await checkAuthFiles(settings);
  await checkRecordFile(settings);
  const listener = settings.listener === "node"
    ? await (await import("../listen/node/node.ts")).listenNode(signaling)
    : await listenDeno(signaling);
  reload = listener.reload;
  await startOperator(operator, signaling, listener);
  // After binding the port, so that a second server on the same port touches neither the recording of the first nor
  // the cluster.
  signaling.start();
  const { key, sslkey, concurrent_limit } = settings;
  const limit = await descriptorLimit();
  const url = operator?.url() ?? null;
  // The admin port has as many connections at most.
  const spare = url === null ? SPARE_DESCRIPTORS : 2 * SPARE_DESCRIPTORS;
  if (limit !== null && concurrent_limit > limit - spare) {
    logFewDescriptors(concurrent_limit, limit, spare);
  }
  logListening({
    ...settings,
    version: VERSION_TEXT,
    port: listener.port,
    secure: sslkey !== "",
    customKey: key !== "peerjs",
  });
  if (url !== null) logAdminListening(url);
  if (url !== null && !isLoopback(settings.admin_host)) logAdminExposed(settings.admin_host);
  if (isExposed(settings)) logExposed();
  const stop = async (): Promise<void> => {
    await Promise.all([listener.stop(), operator?.stop()]);
  };
  const drainMs = 1_000 *
    (isDeploy() ? Math.min(settings.drain, DEPLOY_DRAIN_MAX) : settings.drain);
  const drain = drainMs === 0 ? null : (): Promise<void> => signaling.drain(drainMs);
  return { ...listener, stop, drain };
}

/** A listener, and what comes before its stop. */
export interface Program extends Listener {
  /** Closes the clients in waves (option `drain`), and settles when that is over; `null` without that option. */
  readonly drain: (() => Promise<void>) | null;
}

/** Deno Deploy ends a process 5 s after it has sent SIGINT. */
const DEPLOY_DRAIN_MAX = 4;

function isDeploy(): boolean {
  return PROCESS_ENVIRONMENT.get("DENO_DEPLOYMENT_ID") !== undefined;
}

/**
 * Makes the server that the settings ask for, and listens. What watches it for its operator is loaded only with an
 * admin port, or if Deno exports metrics.
 *
 * @throws {StartError} As {@linkcode listen} does.
 */
export async function start(settings: Settings): Promise<Program> {
  const isExporting = /^(?:true|1)$/.test(PROCESS_ENVIRONMENT.get("OTEL_DENO") ?? "");
  if (isExporting && PROCESS_ENVIRONMENT.get("OTEL_DENO_TRACING") !== "false") logTracing();
  const operator = settings.admin_port === 0 && !isExporting
    ? null
    // A literal, so that `deno compile` finds it.
    : await (await import("../admin/operator.ts")).createOperator({
      ...{ settings, isExporting, version: VERSION },
    });
  const unreadable = PROCESS_ENVIRONMENT.unreadable?.() ?? null;
  if (unreadable !== null) logUnreadableVariables(unreadable);
  const signaling = createSignalingServer(settings, null, operator?.observers);
  const listener = await listen(signaling, operator);
  void notifyReady(PROCESS_ENVIRONMENT);
  return listener;
}

async function startOperator(
  operator: Operator | null,
  signaling: SignalingServer,
  listener: Listener,
): Promise<void> {
  try {
    await operator?.start(signaling, listener.port);
  } catch (error) {
    await Promise.all([listener.stop(), operator?.stop()]);
    throw error;
  }
}

/**
 * Closes the debugger that Deno 2.9 opens at 127.0.0.1:9229 on SIGUSR1, even if the program handles the signal
 * (tests/adapters/debugger_test.ts). Every user of the machine could read secrets there. It opens a moment after the
 * handler runs, hence the repeated attempts.
 */
function closeInspector(): void {
  for (const delayMs of [0, 20, 100, 500]) scheduleTimeout(closeDebugger, delayMs);
}

/**
 * Handles SIGINT and SIGTERM, from now on. The first one drains the server, if it has that option, stops it and exits
 * with 0. A second one exits with 1 as soon as the log is written, within half a second.
 *
 * @param starting A start that fails ends the process itself.
 */
export function handleSignals(starting: Promise<Program>, log: Log): void {
  let first: Deno.Signal | null = null;
  let isFresh = true;
  const stop = async ({ drain, stop }: Program): Promise<void> => {
    try {
      await drain?.();
      await stop();
      await exit(log, 0);
    } catch (error) {
      logFault("Stopping failed", error);
      await exit(log, 1);
    }
  };
  const end = (signal: Deno.Signal): void => {
    if (first !== null) {
      // `deno task` and `timeout` pass on what the terminal, or they, have sent to the process too.
      if (!isFresh || signal !== first) void exit(log, 1);
      return;
    }
    first = signal;
    scheduleTimeout(() => isFresh = false, SAME_REQUEST_MS);
    logStopping(signal);
    void starting.then(stop, () => {});
  };
  onSignal("SIGINT", () => end("SIGINT"));
  onSignal("SIGTERM", () => end("SIGTERM"));
}

/** The same signal again so soon is the same request. */
const SAME_REQUEST_MS = 300;

/** Exits with 1 after an uncaught exception, as Deno does, but writes the log first. */
export function handleUncaught(log: Log): void {
  let isEnding = false;
  const end = (event: Event, error: unknown): void => {
    event.preventDefault();
    if (isEnding) return;
    isEnding = true;
    const text = new TextEncoder().encode(`error: Uncaught ${Deno.inspect(error)}\n`);
    // Asynchronous, because stderr may be a full pipe.
    const written = Deno.stderr.write(text).then(() => {}, () => {});
    within(STDERR_MAX_MS, written).then(() => exit(log, 1));
  };
  addEventListener("error", (event) => end(event, event.error));
  addEventListener("unhandledrejection", (event) => end(event, event.reason));
}

async function exit(log: Log, code: number): Promise<void> {
  await log.end();
  Deno.exit(code);
}

const STDERR_MAX_MS = 500;

/** Reloads the TLS files and logs the outcome. Never rejects. */
async function reloadTls(reload: Listener["reload"]): Promise<void> {
  if (typeof reload === "string") {
    logSignal("warning", "SIGHUP", reload);
    return;
  }
  try {
    await reload();
    logReloaded();
  } catch (error) {
    const why = messageOf(error);
    logSignal(
      "error",
      "SIGHUP",
      `The TLS files cannot be read again, the old ones stay in use: ${why}`,
    );
  }
}

/** Whether clients may reach `Deno.serve` without a proxy. Deno Deploy has one. */
export function isExposed({ listener, host, proxied, trusted_proxies }: Settings): boolean {
  const isLocal = /^(?:localhost|127\.|::1$)/i.test(host);
  const isProxied = proxied || trusted_proxies.length > 0 || isDeploy();
  return listener === "deno" && !isLocal && !isProxied;
}

/** Descriptors for everything but clients: the listener, files, HTTP requests. */
export const SPARE_DESCRIPTORS = 64;

function onSignal(signal: Deno.Signal, handler: () => void): void {
  try {
    Deno.addSignalListener(signal, handler);
  } catch {
    // Windows does not have all signals.
  }
}
