/**
 * The listener `deno`: `Deno.serve`.
 *
 * Deno ends the accept loop on errors such as a lack of descriptors, while open sockets go on. So this module starts
 * the loop again, and retries every {@linkcode PAUSE_MS} if that fails, until the program stops.
 *
 * @module
 */
import { messageOf, StartError } from "../errors.ts";
import { scheduleTimeout, within } from "../clock.ts";
import type { SignalingServer } from "../server.ts";
import {
  ALONE,
  bindAddress,
  type Listener,
  type ListenOptions,
  NO_TLS_FILES,
  readTls,
  type Tls,
} from "./listener.ts";
import { logFault, logRelisten } from "../observe/log.ts";
import { handlerOf } from "../signalbox.ts";

/**
 * Listens with the settings of `signaling`.
 *
 * @throws {StartError} If the address cannot be bound or a TLS file cannot be used.
 */
export async function listenDeno(
  signaling: SignalingServer,
  { sharers }: ListenOptions = ALONE,
): Promise<Listener> {
  const { settings } = signaling;
  const reusePort = sharers > 1;
  const tls = await readTls(settings, checkTls);
  const { answer } = handlerOf(signaling);
  let hostname = "";
  let server = await bindAddress(settings, (host) => {
    hostname = host;
    return serve(answer, { hostname, port: settings.port, tls, reusePort });
  });
  const port = portOf(server.addr);
  let stopping = false;
  let cancelPause = (): void => {};
  supervise();

  function supervise(): void {
    const restart = (why: unknown): void => {
      if (stopping) return;
      logRelisten(messageOf(why));
      relisten();
    };
    server.finished.then(() => restart("the accept loop ended"), restart);
  }

  function relisten(): void {
    if (stopping) return;
    try {
      server = serve(answer, { hostname, port, tls, reusePort });
      supervise();
    } catch {
      cancelPause = scheduleTimeout(relisten, PAUSE_MS);
    }
  }

  async function stop(): Promise<void> {
    stopping = true;
    cancelPause();
    await signaling.stop();
    await within(FINISH_MAX_MS, server.shutdown());
  }

  return { port, stop, reload: tls === null ? NO_TLS_FILES : CANNOT_RELOAD };
}

/**
 * A second server can bind the port only after the first released it, and since Deno 2.9 `shutdown` closes the sockets
 * of the first ([SET-11] in tests/adapters/platform_test.ts).
 */
const CANNOT_RELOAD =
  "Deno.serve cannot take other TLS files without closing every socket: the old " +
  "ones stay in use. Restart the server, or start it with --listener node, which can";

/** The pause before another attempt to listen. */
const PAUSE_MS = 250;

/** How long requests may take to finish after the sockets are closed. Both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

/** Listens with the files for a moment, because the errors of `Deno.serve` do not say what is wrong with them. */
export function checkTls(tls: Tls): void {
  try {
    Deno.listenTls({ port: 0, hostname: "127.0.0.1", ...tls }).close();
  } catch (error) {
    if (!messageOf(error).includes("UnsupportedCertVersion")) throw error;
    throw new StartError(
      "Option sslcert: the certificate is one of X.509 version 1, which Deno.serve does not take. Make " +
        "one of version 3, or start the server with --listener node.",
      2,
    );
  }
}

/** The type knows only TCP, but DENO_SERVE_ADDRESS, which a platform sets, may be a unix socket, or a vsock. */
function portOf(address: Deno.Addr): number {
  // With TLS, Deno before 2.9 names no transport.
  return "port" in address && address.transport !== "vsock" ? address.port : 0;
}

interface Endpoint {
  readonly hostname: string;
  readonly port: number;
  readonly tls: Tls | null;
  readonly reusePort: boolean;
}

function serve(
  answer: Deno.ServeHandler<Deno.NetAddr>,
  { hostname, port, tls, reusePort }: Endpoint,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { port, hostname, reusePort, onListen: (): void => {}, onError: answerFault };
  return tls === null ? Deno.serve(options, answer) : Deno.serve({ ...options, ...tls }, answer);
}

/** The reply after an uncaught exception in the handler. */
function answerFault(error: unknown): Response {
  logFault("A request failed", error);
  return new Response("The server failed to answer this request.\n", { status: 500 });
}
