/**
 * `node:http` with `npm:ws` as the program's listener: slower than `Deno.serve`, and it bounds more.
 *
 * It bounds messages in fragments, request heads in size and time, and floods of pings; it ends
 * connections that are dead or do not answer a close, and can read its certificate again.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import { scheduleTimeout, within } from "../../clock.ts";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import type { Settings } from "../../../core/mod.ts";
import { type SignalingServer } from "../../server.ts";
import type { Received, Reply } from "../../request.ts";
import { bindAddress, type Listener, NO_TLS_FILES, readTls, type Tls } from "../listener.ts";
import { logFault, logRelisten } from "../../observe/log.ts";
import { watchAccepting } from "./accepting.ts";
import {
  answerUnparsed,
  arrivalOf,
  FAILED,
  RequestQueue,
  skipChunkEnd,
  writeRawReply,
  writeReply,
} from "./http.ts";
import { boundsOf, watchOver } from "./socket.ts";

/**
 * Listens as the settings of `signaling` say.
 *
 * @throws {StartError} Where the address cannot be had, or a TLS file cannot be used.
 */
export async function listenNode(signaling: SignalingServer): Promise<Listener> {
  const { settings } = signaling;
  const tls = await readTls(settings, checkTls);
  const { server, setTls } = tls === null ? plainServer(settings) : secureServer(settings, tls);
  const sockets = new WebSocketServer({
    noServer: true,
    ...boundsOf(settings),
  });
  serve(server, sockets, signaling);
  let hostname = "";
  await bindAddress(settings, (host) => {
    hostname = host;
    return bind(server, host, settings.port);
  });
  const port = portOf(server);
  const stopWatch = watchAccepting({ server, hostname, port, relisten });
  server.on("error", (error) => logFault("The listener failed", error));

  function relisten(why: string): void {
    logRelisten(why);
    // Connections that are open are not touched by this, only those that nobody accepted.
    server.close();
    server.listen({ host: hostname, port });
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

/** How long the end may take after the sockets were told; both together stay under 5 s. */
const FINISH_MAX_MS = 1_000;

/** How often it is looked for heads that are late. */
const HEAD_CHECK_MS = 500;

interface Serving {
  readonly server: Server | SecureServer;
  /** Changes the certificate; `null` where there is none. */
  readonly setTls: ((tls: Tls) => void) | null;
}

function plainServer(settings: Settings): Serving {
  return { server: createServer(headBounds(settings)), setTls: null };
}

function secureServer(settings: Settings, tls: Tls): Serving {
  const options = { ...headBounds(settings), handshakeTimeout: NO_TIMEOUT };
  const server = createSecureServer({ ...options, ...tls });
  boundHandshakes(server, settings.head_timeout);
  server.on("tlsClientError", (_error, connection) => connection.destroy());
  return { server, setTls: (renewed) => server.setSecureContext({ ...renewed }) };
}

/** A time that is no number would mean the default, and so would 0. */
const NO_TIMEOUT = -1;

/**
 * Ends connections whose handshake is not done in time. The platform's own `handshakeTimeout` does so too, but
 * its timer goes on when the handshake has failed, and keeps all that belongs to the connection until then: 24 KB
 * for each of thousands a second.
 */
function boundHandshakes(server: SecureServer, maxMs: number): void {
  // The socket that is secure is another object; both have the other side's port.
  const waiting = new Map<string, () => void>();
  server.on("connection", (raw: Socket) => {
    const name = nameOf(raw);
    const cancel = scheduleTimeout(() => raw.destroy(), maxMs);
    waiting.set(name, cancel);
    raw.once("close", () => {
      cancel();
      if (waiting.get(name) === cancel) waiting.delete(name);
    });
  });
  server.on("secureConnection", (secure) => {
    const name = nameOf(secure);
    waiting.get(name)?.();
    waiting.delete(name);
  });
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Deno's `node:tls` takes any text, and fails in every handshake then. */
function checkTls({ key, cert }: Tls): void {
  const certificate = new X509Certificate(firstPem(cert, "CERTIFICATE"));
  if (!certificate.checkPrivateKey(createPrivateKey(firstPem(key, "(?:[A-Z]+ )?PRIVATE KEY")))) {
    throw new Error("the key is not that of the certificate");
  }
}

/** The first part of a PEM text with such a label; other parts may stand before it. */
function firstPem(text: string, label: string): string {
  const part = new RegExp(`^-----BEGIN (${label})-----[^]+?^-----END \\1-----`, "m").exec(text);
  if (part === null) throw new Error("a key or a certificate is not there");
  return part[0];
}

function headBounds({ head_timeout, max_head_bytes }: Settings): {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
} {
  return {
    maxHeaderSize: max_head_bytes,
    headersTimeout: head_timeout,
    requestTimeout: head_timeout,
    connectionsCheckingInterval: Math.min(HEAD_CHECK_MS, head_timeout),
  };
}

function serve(
  server: Server | SecureServer,
  sockets: WebSocketServer,
  signaling: SignalingServer,
): void {
  // However many fit into the head: one that was left out could be the one that a proxy added.
  server.maxHeadersCount = 0;
  // A connection that stopped reading is ended with all that waits for it. A WebSocket sets the time to none.
  server.timeout = signaling.settings.answer_timeout;
  const queue = new RequestQueue(signaling.settings.max_unsent_bytes);

  /** The answer, where a request that asks for an upgrade is not taken for one by the platform. */
  async function replyTo(request: IncomingMessage): Promise<Reply> {
    const received = receive(signaling, request);
    try {
      return received.kind === "reply" ? await received.reply : received.refuse(NOT_UPGRADED);
    } catch (error) {
      logFault("A request failed", error);
      return FAILED;
    }
  }

  async function upgrade(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer<ArrayBuffer>,
  ): Promise<void> {
    connection.on("error", () => connection.destroy());
    connection.on("timeout", () => connection.destroy());
    const received = receive(signaling, request);
    if (received.kind === "reply") {
      writeRawReply(connection, await received.reply);
      return;
    }
    request.headers.upgrade = "websocket"; // Of a list, `npm:ws` takes none.
    if (!request.complete) skipChunkEnd(connection);
    sockets.handleUpgrade(request, connection, head, (socket) => {
      socket.binaryType = "arraybuffer";
      const link = received.attach(socket);
      const pingTimeoutMs = signaling.settings.ping_timeout;
      watchOver(socket, connection, {
        pingTimeoutMs,
        now: signaling.now,
        unanswered: () => link.unanswered(),
      });
    });
  }

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (queue.isTooLong(request, response)) return;
    replyTo(request).then((reply) => writeReply(response, reply, request)).catch(
      (error: unknown) => {
        logFault("An answer could not be written", error);
        request.socket.destroy();
      },
    );
  });
  server.on("upgrade", (request, connection, head) => void upgrade(request, connection, head));
  server.on("clientError", (error, connection) => answerUnparsed(signaling, error, connection));
  sockets.on("wsClientError", (error, connection, request) => {
    writeRawReply(connection, signaling.refuseHandshake(arrivalOf(request), messageOf(error)));
  });
}

/** What is to be done about a request. */
function receive(signaling: SignalingServer, request: IncomingMessage): Received {
  try {
    return signaling.receive(arrivalOf(request));
  } catch (error) {
    logFault("A request failed", error);
    return { kind: "reply", reply: FAILED };
  }
}

/** Said of a request that the platform did not take for one that asks for an upgrade, for no known reason. */
const NOT_UPGRADED = "it cannot be upgraded";

function bind(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}
