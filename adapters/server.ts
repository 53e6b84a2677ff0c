/**
 * The program: the listener that the settings ask for, what is to be checked at the start, and signals.
 *
 * @module
 */
import { checkAuthFiles } from "./auth.ts";
import { VERSION_TEXT } from "./cli.ts";
import { listenDeno } from "./deno_listener.ts";
import { descriptorLimit } from "./descriptors.ts";
import type { Exchange } from "./exchange.ts";
import type { Listener } from "./listener.ts";
import { logFault, logFewDescriptors, logReloaded, logSizes, logStopping } from "./log.ts";
import { logListening } from "./start_log.ts";

/**
 * Listens as the settings of `exchange` say. SIGUSR2 logs the sizes of its maps.
 *
 * @throws {StartError} Where the address cannot be had, or a TLS file cannot be used.
 */
export async function listen(exchange: Exchange): Promise<Listener> {
  const { settings } = exchange;
  await checkAuthFiles(settings);
  const listener = settings.listener === "node"
    ? await (await import("./node_listener.ts")).listenNode(exchange)
    : await listenDeno(exchange);
  exchange.startRecording(); // Not before: a second server on a port that is taken leaves the file alone.
  const { key, sslkey, concurrent_limit } = settings;
  const limit = await descriptorLimit();
  if (limit !== null && concurrent_limit > limit - SPARE_DESCRIPTORS) {
    logFewDescriptors(concurrent_limit, limit, SPARE_DESCRIPTORS);
  }
  onSignal("SIGUSR2", () => logSizes(exchange.sizes()));
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
 * Ends the process with 0 when it is asked to, after telling the clients; with 1 at once when asked again.
 * SIGHUP reads the TLS files again, where the listener can.
 */
export function handleSignals(listener: Listener): void {
  let asked = false;
  const end = (signal: Deno.Signal): void => {
    if (asked) Deno.exit(1);
    asked = true;
    logStopping(signal);
    listener.stop().then(() => Deno.exit(0), (error: unknown) => {
      logFault("Stopping failed", error);
      Deno.exit(1);
    });
  };
  onSignal("SIGINT", () => end("SIGINT"));
  onSignal("SIGTERM", () => end("SIGTERM"));
  const { reload } = listener;
  if (reload === null) return;
  onSignal("SIGHUP", () => {
    reload().then(
      logReloaded,
      (error: unknown) => logFault("Reloading the TLS files failed", error),
    );
  });
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
