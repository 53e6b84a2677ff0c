/**
 * Handles what `node:http` and `npm:ws` emit: requests, upgrades, and errors of clients.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Server as SocketServer } from "../../ws.ts";
import type { SignalingServer } from "../../server.ts";
import type { IncomingRequest, Received, Reply } from "../../request.ts";
import { logFault } from "../../observe/log.ts";
import {
  answerUnparsed,
  FAILED_REPLY,
  type ReadRequest,
  readRequest,
  RequestQueue,
  skipChunkEnd,
  writeRawReply,
  writeReply,
} from "./http.ts";
import { Checks } from "./checks.ts";
import { NodeSocket, type OwnedSocket, type SocketWatch } from "./node_socket.ts";
import { endOnce } from "./socket.ts";

/** Replies to the HTTP requests of a server. */
export function serveRequests(server: Server | SecureServer, signaling: SignalingServer): void {
  // No limit but `max_head_bytes`: a header that node drops could be the one that a proxy added.
  server.maxHeadersCount = 0;
  // Ends a connection that does not read its answers. `npm:ws` switches the timeout of a WebSocket off.
  server.timeout = signaling.settings.answer_timeout;
  server.on("request", createResponder(signaling));
  server.on("clientError", (error, connection) => answerUnparsed(signaling, error, connection));
}

/** Upgrades the WebSocket handshakes of a server. */
export function serveUpgrades(
  server: Server | SecureServer,
  sockets: OwnedServer,
  signaling: SignalingServer,
): void {
  server.on("upgrade", createUpgrader(sockets, signaling));
}

/** Creates the listener for requests. */
export function createResponder(
  signaling: SignalingServer,
  read: ReadRequest = readRequest,
): Responder {
  const queue = new RequestQueue(signaling.settings.max_unsent_bytes);
  return (request, response) => {
    if (!queue.admit(request, response)) return;
    replyTo(signaling, read(request)).then((reply) => writeReply(response, reply, request)).catch(
      (error: unknown) => {
        logFault("An answer could not be written", error);
        request.socket.destroy();
      },
    );
  };
}

export type Responder = (request: IncomingMessage, response: ServerResponse) => void;

/** Creates the listener for upgrades. */
export function createUpgrader(
  sockets: OwnedServer,
  signaling: SignalingServer,
  read: ReadRequest = readRequest,
): Upgrader {
  const watch: SocketWatch = {
    pingTimeoutMs: signaling.settings.ping_timeout,
    now: signaling.now,
    checks: new Checks(signaling.now),
  };

  async function upgrade(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer<ArrayBuffer>,
  ): Promise<void> {
    connection.on("error", destroyThis);
    connection.on("timeout", destroyThis);
    const received = receive(signaling, read(request));
    if (received.kind === "reply") {
      writeRawReply(connection, await received.reply);
      return;
    }
    request.headers.upgrade = "websocket"; // `npm:ws` rejects a list of protocols.
    if (!request.complete) skipChunkEnd(connection);
    sockets.handleUpgrade(request, connection, head, (socket) => {
      socket.binaryType = "arraybuffer";
      endOnce(connection);
      endOnce(Reflect.get(socket, "_receiver"));
      const owner = new NodeSocket(socket, connection, watch);
      owner.watchFor(received.attach(owner));
    });
  }

  sockets.on("wsClientError", (error, connection, request) => {
    writeRawReply(connection, signaling.refuseHandshake(read(request), messageOf(error)));
  });
  return (request, connection, head) => void upgrade(request, connection, head);
}

/** A closure would keep the request as long as the connection. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** The WebSockets that a listener or a mount accepts. */
export type OwnedServer = SocketServer<typeof OwnedSocket>;

export type Upgrader = (
  request: IncomingMessage,
  connection: Duplex,
  head: Buffer<ArrayBuffer>,
) => void;

/** The reply to a request that `node:http` does not emit as an upgrade, even if it is one for `signaling`. */
async function replyTo(signaling: SignalingServer, incoming: IncomingRequest): Promise<Reply> {
  const received = receive(signaling, incoming);
  try {
    return received.kind === "reply" ? await received.reply : received.refuse(NOT_UPGRADED);
  } catch (error) {
    logFault("A request failed", error);
    return FAILED_REPLY;
  }
}

/** `signaling.receive`, with a reply in place of an exception. */
function receive(signaling: SignalingServer, incoming: IncomingRequest): Received {
  try {
    return signaling.receive(incoming);
  } catch (error) {
    logFault("A request failed", error);
    return { kind: "reply", reply: FAILED_REPLY };
  }
}

/** The end of the sentence for a valid handshake that `node:http` does not emit as an upgrade, for whatever reason. */
const NOT_UPGRADED = "it cannot be upgraded";
