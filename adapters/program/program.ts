/**
 * The program: the listener that the settings ask for, what is to be checked at the start, and signals.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { scheduleTimeout, within } from "../clock.ts";
import { close as closeDebugger } from "node:inspector";
import { checkAuthFiles } from "../auth/jwt.ts";
import { VERSION_TEXT } from "./help.ts";
import { listenDeno } from "../listen/deno.ts";
import { descriptorLimit } from "./descriptors.ts";
import type { SignalingServer } from "../server.ts";
import { PROCESS_ENVIRONMENT } from "./environment.ts";
import { logExposed, logFewDescriptors } from "../observe/log_process.ts";
import type { Settings } from "../../core/mod.ts";
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
import { logListening } from "../observe/start_log.ts";

/**
 * Listens as the settings of `signaling` say. SIGUSR2 logs the sizes of its maps, SIGHUP reads the TLS files
 * again where the listener can, SIGUSR1 does nothing: without a listener each of them would end the process.
 *
 * @throws {StartError} Where the address cannot be had, or a TLS file or a place for the recording cannot be used.
 */
export async function listen(signaling: SignalingServer): Promise<Listener> {
  const { settings } = signaling;
  let reload: Listener["reload"] = "The server does not listen yet: there is nothing to read again";
  let reloaded = Promise.resolve();
  onSignal("SIGHUP", () => {
    reloaded = reloaded.then(() => reloadTls(reload));
  });
  onSignal("SIGUSR1", () => {
    closeInspector();
    logSignal("warning", "SIGUSR1", "Nothing is done; SIGUSR2 logs sizes");
  });
  onSignal("SIGUSR2", () => logSizes(signaling.sizes()));
  await checkAuthFiles(settings);
  await checkRecordFile(settings);
  const listener = settings.listener === "node"
    ? await (await import("../listen/node/node.ts")).listenNode(signaling)
    : await listenDeno(signaling);
  reload = listener.reload;
  signaling.startRecording(); // Not before: a second server on a port that is taken leaves the file alone.
  const { key, sslkey, concurrent_limit } = settings;
  if (isExposed(settings)) logExposed();
  const limit = await descriptorLimit();
  if (limit !== null && concurrent_limit > limit - SPARE_DESCRIPTORS) {
    logFewDescriptors(concurrent_limit, limit, SPARE_DESCRIPTORS);
  }
  logListening({
    ...settings,
    version: VERSION_TEXT,
    port: listener.port,
    secure: sslkey !== "",
    customKey: key !== "peerjs",
  });
  return listener;
}

/**
 * Ends the debugger that Deno 2.9 opens on SIGUSR1 at 127.0.0.1:9229, whoever handles the signal: every user of
 * the machine could read the secrets there. It opens a little after the handler was called.
 */
function closeInspector(): void {
  for (const delayMs of [0, 20, 100, 500]) scheduleTimeout(closeDebugger, delayMs);
}

/**
 * Ends the process with 0 when it is asked to, after telling the clients; with 1 at once when asked again. The log
 * gets half a second then.
 */
export function handleSignals(listener: Listener, log: Log): void {
  let asked = false;
  const end = (signal: Deno.Signal): void => {
    if (asked) return void exit(log, 1);
    asked = true;
    logStopping(signal);
    listener.stop().then(() => exit(log, 0), (error: unknown) => {
      logFault("Stopping failed", error);
      return exit(log, 1);
    });
  };
  onSignal("SIGINT", () => end("SIGINT"));
  onSignal("SIGTERM", () => end("SIGTERM"));
}

/** Ends the process with 1 after an exception that nobody caught, as Deno would; the log is written before. */
export function handleUncaught(log: Log): void {
  let isEnding = false;
  const end = (event: Event, error: unknown): void => {
    event.preventDefault();
    if (isEnding) return;
    isEnding = true;
    const text = new TextEncoder().encode(`error: Uncaught ${Deno.inspect(error)}\n`);
    // Asynchronously, because stderr can be the pipe that nobody reads.
    const said = Deno.stderr.write(text).then(() => {}, () => {});
    within(STDERR_MAX_MS, said).then(() => exit(log, 1));
  };
  addEventListener("error", (event) => end(event, event.error));
  addEventListener("unhandledrejection", (event) => end(event, event.reason));
}

async function exit(log: Log, code: number): Promise<void> {
  await log.end();
  Deno.exit(code);
}

const STDERR_MAX_MS = 500;

/** Never throws: what is wrong with the files is logged. */
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

/** Whether strangers may reach `Deno.serve` with nothing before it. On Deno Deploy a proxy is. */
function isExposed({ listener, host, proxied, trusted_proxies }: Settings): boolean {
  const isLocal = /^(?:localhost|127\.|::1$)/i.test(host);
  const isProxied = proxied || trusted_proxies.length > 0 ||
    PROCESS_ENVIRONMENT.get("DENO_DEPLOYMENT_ID") !== undefined;
  return listener === "deno" && !isLocal && !isProxied;
}

/** What the process needs beside its clients: the listener, files, HTTP requests at the same time. */
const SPARE_DESCRIPTORS = 64;

function onSignal(signal: Deno.Signal, listener: () => void): void {
  try {
    Deno.addSignalListener(signal, listener);
  } catch {
    // Windows knows only some of the signals.
  }
}
