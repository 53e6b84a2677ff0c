/**
 * Handles the signals of the system.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { scheduleTimeout } from "../clock.ts";
import type { SizedField } from "../../core/mod.ts";
import type { Listener } from "../listen/listener.ts";
import {
  type Log,
  logFault,
  logReloaded,
  logSignal,
  logSizes,
  logStopping,
} from "../observe/log.ts";

/** A listener, and what comes before its stop. */
export interface Program extends Listener {
  /** Closes the clients in waves (option `drain`), and settles when that is over; `null` without that option. */
  readonly drain: (() => Promise<void>) | null;
}

/** What signals of the operator do something with. */
interface Operable {
  readonly reload: Listener["reload"];
  readonly sizes: () => Promise<Readonly<Record<SizedField, number>>>;
}

/**
 * Handles signals of the operator. SIGUSR2 logs how many clients and messages there are, SIGHUP reloads the TLS files
 * if the listener can. SIGUSR1 does nothing, but is handled, because an unhandled signal ends the process.
 */
export function handleOperatorSignals(): { readonly begin: (operable: Operable) => void } {
  let operable: Operable = { reload: NOTHING_YET, sizes: () => Promise.reject(new Error()) };
  let reloaded = Promise.resolve();
  onSignal("SIGHUP", () => {
    reloaded = reloaded.then(() => reloadTls(operable.reload));
  });
  onSignal("SIGUSR1", () => {
    void closeInspector();
    logSignal(
      "warning",
      "SIGUSR1",
      "No effect; SIGUSR2 logs how many clients and messages there are",
    );
  });
  // Before the start there is nothing to say.
  onSignal("SIGUSR2", () => void operable.sizes().then(logSizes, () => {}));
  return { begin: (given) => void (operable = given) };
}

const NOTHING_YET = "The server does not listen yet: there is nothing to read again";

/**
 * Closes the debugger that Deno 2.9 opens at 127.0.0.1:9229 on SIGUSR1, even if the program handles the signal
 * (tests/adapters/debugger_test.ts). Every user of the machine could read secrets there. It opens a moment after the
 * handler runs, hence the repeated attempts.
 *
 * The module is loaded only then, because from then on Deno asks for each frame and each socket whether a debugger
 * listens.
 */
async function closeInspector(): Promise<void> {
  const { close } = await import("node:inspector");
  for (const delayMs of [0, 20, 100, 500]) scheduleTimeout(close, delayMs);
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

/** Ends the process once the log is written. */
export async function exit(log: Log, code: number): Promise<void> {
  await log.end();
  Deno.exit(code);
}

function onSignal(signal: Deno.Signal, handler: () => void): void {
  try {
    Deno.addSignalListener(signal, handler);
  } catch {
    // Windows does not have all signals.
  }
}
