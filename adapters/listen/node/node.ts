/**
 * The listener `node`: `node:http` with `npm:ws`. It is slower than `Deno.serve` and has more limits.
 *
 * It limits fragmented messages, the size and time of request heads, and floods of pings. It ends connections that are
 * dead or do not answer a close. It can reload its certificate.
 *
 * @module
 */
import { within } from "../../clock.ts";
import { checkNodeHttp } from "../../deno_version.ts";
import { StartError } from "../../errors.ts";
import { createServer, type Server, type ServerOptions } from "node:http";
import type { Server as SecureServer } from "node:https";
import { WebSocketServer } from "../../ws.ts";
import type { Settings } from "../../../core/mod.ts";
import type { SignalingServer } from "../../server.ts";
import {
  ALONE,
  bindAddress,
  type Listener,
  type ListenOptions,
  NO_TLS_FILES,
  readTls,
  type Tls,
} from "../listener.ts";
import { logFault, logRelisten } from "../../observe/log.ts";
import { watchAccepting } from "./accepting.ts";
import { bind, portOf } from "./bind.ts";
import { serveRequests, serveUpgrades } from "./serve.ts";
import { socketBounds } from "./socket.ts";
import { checkTls, createSecureServer } from "./tls.ts";

/**
 * Listens with the settings of `signaling`.
 *
 * @throws {StartError} If the address cannot be bound or a TLS file cannot be used.
 */
export async function listenNode(
  signaling: SignalingServer,
  { sharers }: ListenOptions = ALONE,
): Promise<Listener> {
  const { settings } = signaling;
  const reusePort = sharers > 1;
  checkNodeHttp("Option listener: node", "start the server with --listener deno");
  const tls = await readTls(settings, checkTls);
  const { server, setTls } = createHttpServer(settings, tls);
  const sockets = new WebSocketServer({
    noServer: true,
    ...socketBounds(settings),
  });
  serveRequests(server, signaling);
  serveUpgrades(server, sockets, signaling);
  let hostname = "";
  await bindAddress(settings, (host) => {
    hostname = host;
    return bind(server, { host, port: settings.port, reusePort });
  });
  const port = portOf(server);
  if (port === 0) throw new StartError(NO_PORT, 2);
  const stopWatch = watchAccepting({ server, hostname, port, sharers, relisten });
  server.on("error", (error) => logFault("The listener failed", error));

  function relisten(why: string): void {
    logRelisten(why);
    // Open connections stay; those that were never accepted are lost.
    server.close();
    server.listen({ host: hostname, port, reusePort });
  }

  async function stop(): Promise<void> {
    stopWatch();
    await signaling.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
    await within(FINISH_MAX_MS, promise);
  }

  async function reload(): Promise<void> {
    const renewed = await readTls(settings, checkTls);
    if (renewed !== null) setTls?.(renewed);
  }

  return { port, stop, reload: setTls === null ? NO_TLS_FILES : reload };
}

/** A platform has Deno listen on something else, and `node:http` does not say who its clients are. */
const NO_PORT =
  "Option listener: node needs a port of TCP, and DENO_SERVE_ADDRESS gives it none. " +
  "Start the server with --listener deno.";

/** How long the listener may take to close after the signaling server stopped. Both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

/** How often `node:http` looks for late heads, at least. */
const HEAD_CHECK_MS = 500;

interface HttpServer {
  readonly server: Server | SecureServer;
  /** Changes the certificate; `null` without TLS. */
  readonly setTls: ((tls: Tls) => void) | null;
}

function createHttpServer(settings: Settings, tls: Tls | null): HttpServer {
  const options = headLimits(settings);
  if (tls === null) return { server: createServer(options), setTls: null };
  const server = createSecureServer(options, tls, settings.head_timeout);
  return { server, setTls: (renewed) => server.setSecureContext({ ...renewed }) };
}

function headLimits({ head_timeout, max_head_bytes }: Settings): ServerOptions {
  return {
    maxHeaderSize: max_head_bytes,
    headersTimeout: head_timeout,
    requestTimeout: head_timeout,
    connectionsCheckingInterval: Math.min(HEAD_CHECK_MS, head_timeout),
  };
}
