/**
 * `Deno.serve` as the program's listener.
 *
 * The platform ends the accept loop when something goes badly wrong, running out of descriptors above
 * all. Open sockets live on then, so the loop is supervised: it is started again, with a pause, until the
 * program stops.
 *
 * @module
 */
import type { Exchange } from "./exchange.ts";
import { bindAddress, type Listener, readTls, type Tls } from "./listener.ts";
import { logFault, logRelisten, messageOf } from "./log.ts";
import { scheduleTimeout, within } from "./runtime.ts";
import { signalboxOf } from "./signalbox.ts";

/**
 * Listens as the settings of `exchange` say.
 *
 * @throws {StartError} Where the address cannot be had, or a TLS file cannot be used.
 */
export async function listenDeno(exchange: Exchange): Promise<Listener> {
  const { settings } = exchange;
  const tls = await readTls(settings);
  const { answer } = signalboxOf(exchange);
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
    await exchange.stop();
    await within(FINISH_MAX_MS, server.shutdown());
  }

  return { port, stop, reload: null };
}

/** How long to wait before listening is tried again. */
const PAUSE_MS = 250;

/** How long requests get to finish after the sockets are closed; both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

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
