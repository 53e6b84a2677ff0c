/**
 * Starts the server as a program: checks the settings, starts the listener or the workers, and handles uncaught
 * exceptions.
 *
 * @module
 */
import { within } from "../clock.ts";
import { checkAuthFiles } from "../auth/jwt.ts";
import { VERSION, VERSION_TEXT } from "./help.ts";
import { listenDeno } from "../listen/deno.ts";
import { descriptorLimit, freeDescriptors } from "./descriptors.ts";
import type { Operator, WorkersOperator } from "../admin/operator.ts";
import { createSignalingServer, type SignalingServer } from "../server.ts";
import { isDeploy, PROCESS_ENVIRONMENT } from "./environment.ts";
import { countWorkers } from "./worker_count.ts";
import { notifyReady } from "./notify.ts";
import { demandPermissions, needsOf } from "./permissions.ts";
import {
  logExposed,
  logFewDescriptors,
  logOneWorker,
  logTracing,
  logUnreadableVariables,
} from "../observe/log_process.ts";
import { isLoopback, type Settings } from "../../core/mod.ts";
import type { Listener } from "../listen/listener.ts";
import type { Log } from "../observe/log.ts";
import { exit, handleOperatorSignals, type Program } from "./signals.ts";
import { checkRecordFiles } from "../record/disk.ts";
import { logAdminExposed, logAdminListening } from "../observe/log_admin.ts";
import { logListening } from "../observe/start_log.ts";

/**
 * Checks the settings, and listens with them.
 *
 * @throws {StartError} If Deno does not allow what the settings need, an address cannot be bound, or a TLS file, the
 * keys or the place for the recording cannot be used.
 */
export async function listen(
  signaling: SignalingServer,
  operator: Operator | null = null,
): Promise<Program> {
  const { settings } = signaling;
  const signals = handleOperatorSignals();
  await checkSurroundings(settings);
  const listener = settings.listener === "node"
    ? await (await import("../listen/node/node.ts")).listenNode(signaling)
    : await listenDeno(signaling);
  await startOperator(listener, operator?.start(signaling, listener.port));
  // After binding the port, so that a second server on the same port touches neither the recording of the first nor
  // the cluster.
  signaling.start();
  signals.begin({ reload: listener.reload, sizes: () => Promise.resolve(signaling.sizes()) });
  const url = operator?.url() ?? null;
  await logStart(settings, listener.port, url);
  const stop = async (): Promise<void> => {
    await Promise.all([listener.stop(), operator?.stop()]);
  };
  const drain = drainWith(settings, (ms) => signaling.drain(ms));
  return { ...listener, stop, drain };
}

async function listenAlone(settings: Settings, operator: Operator | null): Promise<Program> {
  const { observers } = operator ?? {};
  return await listen(createSignalingServer(settings, null, { observers }), operator);
}

/**
 * Checks the settings, and has workers listen with them.
 *
 * @throws {StartError} As {@linkcode listen} does.
 */
async function listenWithWorkers(
  settings: Settings,
  size: number,
  { log, operator }: { readonly log: Log; readonly operator: WorkersOperator | null },
): Promise<Program> {
  const signals = handleOperatorSignals();
  await checkSurroundings(settings);
  // A literal, so that `deno compile` finds it.
  const { startWorkers } = await import("../workers/workers.ts");
  const limit = await descriptorLimit();
  const { sizes, drain, ask, replacements, ...listener } = await startWorkers({
    ...{ settings, size, print: log.pass, isTerminal: Deno.stdout.isTerminal() },
    onHung: () => void exit(log, 1),
    isWatched: operator !== null,
    freeDescriptors: () => freeDescriptors(limit),
    // Descriptors that are lost must not keep clients out.
    leaksMax: Math.max(LEAKS_MIN, Math.floor((limit ?? Infinity) / size / 4)),
  });
  const { port } = listener;
  await startOperator(listener, operator?.start({ port, size, ask, replacements }));
  signals.begin({ reload: listener.reload, sizes });
  await logStart(settings, port, operator?.url() ?? null);
  const stop = async (): Promise<void> => {
    await Promise.all([listener.stop(), operator?.stop()]);
  };
  return { ...listener, stop, drain: drainWith(settings, drain) };
}

/** A worker may always lose so many descriptors. */
const LEAKS_MIN = 64;

/** Checks what a start needs, before it binds a port. */
async function checkSurroundings(settings: Settings): Promise<void> {
  demandPermissions(needsOf(settings));
  await checkAuthFiles(settings);
  await checkRecordFiles(settings, countWorkers(settings).count);
}

/** Logs where the server listens, and what is unwise. */
async function logStart(settings: Settings, port: number, url: string | null): Promise<void> {
  const { key, sslkey, concurrent_limit } = settings;
  const limit = await descriptorLimit();
  // The admin port has as many connections at most.
  const spare = url === null ? SPARE_DESCRIPTORS : 2 * SPARE_DESCRIPTORS;
  if (limit !== null && concurrent_limit > limit - spare) {
    logFewDescriptors(concurrent_limit, limit, spare);
  }
  logListening({
    ...settings,
    version: VERSION_TEXT,
    port,
    secure: sslkey !== "",
    customKey: key !== "peerjs",
  });
  if (url !== null) logAdminListening(url);
  if (url !== null && !isLoopback(settings.admin_host)) logAdminExposed(settings.admin_host);
  if (isExposed(settings)) logExposed();
}

/** The drain that the settings ask for; `null` if they ask for none. */
function drainWith(
  { drain }: Settings,
  begin: (ms: number) => Promise<void>,
): Program["drain"] {
  const ms = 1_000 * (isDeploy() ? Math.min(drain, DEPLOY_DRAIN_MAX) : drain);
  return ms === 0 ? null : () => begin(ms);
}

/** Deno Deploy ends a process 5 s after it has sent SIGINT. */
const DEPLOY_DRAIN_MAX = 4;

/**
 * Makes the server that the settings ask for, and listens. What watches it for its operator is loaded only with an
 * admin port, or if Deno exports metrics.
 *
 * @throws {StartError} As {@linkcode listen} does.
 */
export async function start(settings: Settings, log: Log): Promise<Program> {
  const isExporting = /^(?:true|1)$/.test(PROCESS_ENVIRONMENT.get("OTEL_DENO") ?? "");
  if (isExporting && PROCESS_ENVIRONMENT.get("OTEL_DENO_TRACING") !== "false") logTracing();
  const unreadable = PROCESS_ENVIRONMENT.unreadable?.() ?? null;
  if (unreadable !== null) logUnreadableVariables(unreadable);
  const isWatched = settings.admin_port !== 0 || isExporting;
  // A literal, so that `deno compile` finds it.
  const makers = isWatched ? await import("../admin/operator.ts") : null;
  const options = { settings, isExporting, version: VERSION };
  const { count: size, why } = countWorkers(settings);
  if (why !== null) logOneWorker(settings.workers, why);
  const listener = size > 1
    ? await listenWithWorkers(settings, size, {
      log,
      operator: makers?.createWorkersOperator(options) ?? null,
    })
    : await listenAlone(settings, await makers?.createOperator(options) ?? null);
  void notifyReady(PROCESS_ENVIRONMENT);
  return listener;
}

/** Waits for an operator to start, and stops the listener if it cannot. */
async function startOperator(listener: Listener, starting?: Promise<void>): Promise<void> {
  try {
    await starting;
  } catch (error) {
    await listener.stop();
    throw error;
  }
}

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

const STDERR_MAX_MS = 500;

/** Whether clients may reach `Deno.serve` without a proxy. Deno Deploy has one. */
export function isExposed({ listener, host, proxied, trusted_proxies }: Settings): boolean {
  const isLocal = /^(?:localhost|127\.|::1$)/i.test(host);
  const isProxied = proxied || trusted_proxies.length > 0 || isDeploy();
  return listener === "deno" && !isLocal && !isProxied;
}

/** Descriptors for everything but clients: the listener, files, HTTP requests. */
export const SPARE_DESCRIPTORS = 64;
