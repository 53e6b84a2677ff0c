/**
 * `Deno.serve` as the program's listener.
 *
 * The platform ends the accept loop when something goes badly wrong, running out of descriptors above
 * all. Open sockets live on then, so the loop is supervised: it is started again, with a pause, until the
 * program stops.
 *
 * @module
 */
import { messageOf, StartError } from "../errors.ts";
import { scheduleTimeout, within } from "../clock.ts";
import type { SignalingServer } from "../server.ts";
import { bindAddress, type Listener, NO_TLS_FILES, readTls, type Tls } from "./listener.ts";
import { logFault, logRelisten } from "../observe/log.ts";
import { signalboxOf } from "../signalbox.ts";

/**
 * Listens as the settings of `signaling` say.
 *
 * @throws {StartError} Where the address cannot be had, or a TLS file cannot be used.
 */
export async function listenDeno(signaling: SignalingServer): Promise<Listener> {
  const { settings } = signaling;
  const tls = await readTls(settings, checkTls);
  const { answer } = signalboxOf(signaling);
  let hostname = "";
  let server = await bindAddress(settings, (host) => {
    hostname = host;
    return serve(answer, { hostname, port: settings.port, tls });
  });
  const { port } = server.addr;
  let stopping = false;
  let cancelPause = (): void => {};
  supervise();

  function supervise(): void {
    const again = (why: unknown): void => {
      if (stopping) return;
      logRelisten(messageOf(why));
      relisten();
    };
    server.finished.then(() => again("the accept loop ended"), again);
  }

  function relisten(): void {
    if (stopping) return;
    try {
      server = serve(answer, { hostname, port, tls });
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
 * A second server could take the port only when the first has left it, and `shutdown` closes the sockets of
 * the first since Deno 2.9 (tests/adapters/platform_test.ts).
 */
const CANNOT_RELOAD =
  "Deno.serve cannot take other TLS files without closing every socket: the old " +
  "ones stay in use. Restart the server, or start it with --listener node, which can";

/** How long to wait before listening is tried again. */
const PAUSE_MS = 250;

/** How long requests get to finish after the sockets are closed; both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

/** Tries them out, because `Deno.serve` throws nothing that says what is wrong. */
function checkTls(tls: Tls): void {
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

interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly tls: Tls | null;
}

function serve(
  answer: Deno.ServeHandler<Deno.NetAddr>,
  { hostname, port, tls }: Place,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { port, hostname, onListen: (): void => {}, onError: answerFault };
  return tls === null ? Deno.serve(options, answer) : Deno.serve({ ...options, ...tls }, answer);
}

/** The last resort for an exception in a handler: that request fails, the server goes on. */
function answerFault(error: unknown): Response {
  logFault("A request failed", error);
  return new Response("The server failed to answer this request.\n", { status: 500 });
}
