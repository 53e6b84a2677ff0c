/**
 * The program's own listener: `Deno.serve` in front of a {@linkcode Signalbox}, with or without TLS, and
 * the end of the process when a signal asks for it.
 *
 * @module
 */
import type { Settings } from "../core/mod.ts";
import { logFault, logListening, logStopping, messageOf } from "./log.ts";
import { within } from "./runtime.ts";
import type { Signalbox } from "./signalbox.ts";

/** Why the server cannot start, in words for the person who started it, and the exit code that goes with it. */
export class StartError extends Error {
  /** 1 for an address that cannot be had, 2 for a setting that is wrong. */
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A listener that was started. */
export interface Listener {
  /** The real port, also where 0 was asked for. */
  readonly port: number;
  /** Tells the clients, stops listening, and settles when both are done, within 5 s. */
  readonly stop: () => Promise<void>;
}

/**
 * Listens as the settings of `box` say.
 *
 * @throws {StartError} Where the address is taken or not this machine's, or a TLS file cannot be used.
 */
export async function listen(box: Signalbox): Promise<Listener> {
  const { settings } = box;
  const tls = await readTls(settings);
  const server = bind(box, tls);
  const { port } = server.addr;
  logListening({
    host: settings.host,
    port,
    path: settings.path,
    secure: tls !== null,
    customKey: settings.key !== "peerjs",
  });

  async function stop(): Promise<void> {
    await box.stop();
    await within(FINISH_MAX_MS, server.shutdown());
  }

  return { port, stop };
}

/** Ends the process with 0 when it is asked to, after telling the clients; with 1 at once when asked again. */
export function stopOnSignals(listener: Listener): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const onSignal = (): void => {
      if (asked) Deno.exit(1);
      asked = true;
      logStopping(signal);
      listener.stop().then(() => Deno.exit(0), (error: unknown) => {
        logFault("Stopping failed", error);
        Deno.exit(1);
      });
    };
    try {
      Deno.addSignalListener(signal, onSignal);
    } catch {
      // Windows knows only some of the signals.
    }
  }
}

/** How long requests get to finish after the sockets are closed; both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

type Tls = { readonly key: string; readonly cert: string };

async function readTls({ sslkey, sslcert }: Settings): Promise<Tls | null> {
  if (sslkey === "") return null;
  return { key: await readPem("sslkey", sslkey), cert: await readPem("sslcert", sslcert) };
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new StartError(`Option ${option}: cannot read "${path}": ${messageOf(error)}.`, 2);
  }
}

function bind(box: Signalbox, tls: Tls | null): Deno.HttpServer<Deno.NetAddr> {
  const { host, port } = box.settings;
  if (host !== "") return serve(box, tls, host);
  try {
    return serve(box, tls, Deno.build.os === "windows" ? "0.0.0.0" : "::");
  } catch (error) {
    if (error instanceof StartError && error.message.startsWith(portTaken(port))) throw error;
    return serve(box, tls, "0.0.0.0");
  }
}

function serve(box: Signalbox, tls: Tls | null, hostname: string): Deno.HttpServer<Deno.NetAddr> {
  const { port } = box.settings;
  const options = { port, hostname, onListen: (): void => {}, onError: answerFault };
  try {
    return tls === null
      ? Deno.serve(options, box.answer)
      : Deno.serve({ ...options, ...tls }, box.answer);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new StartError(
        `${portTaken(port)}: choose another with --port, or stop what has it.`,
        1,
      );
    }
    if (tls !== null && !(error instanceof Deno.errors.AddrNotAvailable)) {
      throw new StartError(
        `Options sslkey, sslcert: cannot use these files: ${messageOf(error)}.`,
        2,
      );
    }
    throw new StartError(
      `Option host: cannot listen on "${hostname}", port ${port}: ${messageOf(error)}.`,
      1,
    );
  }
}

function portTaken(port: number): string {
  return `Option port: ${port} is taken already`;
}

/** The last resort for an exception in a handler: that request fails, the server goes on. */
function answerFault(error: unknown): Response {
  logFault("A request failed", error);
  return new Response("The server failed to answer this request.\n", { status: 500 });
}
