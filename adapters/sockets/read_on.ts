/**
 * Reads a socket of `Deno.serve` until its client has answered the close (RFC 6455, 5.5.1).
 *
 * @module
 */
import type { SocketLike } from "./link.ts";

/**
 * Call it after `close`. Deno resets a connection on the first frame that crosses the close of its server
 * (`_eventLoop` in its ext/websocket/01_websocket.js): the frame is lost, and so is the close code. It does not do so
 * where the role of the socket is a client's, for which there is no public access. If a version of Deno has another
 * field, its sockets stay as they are, and the test of [LIFE-8] in `tests/adapters/listener_contract_test.ts` fails.
 */
export function readOn(socket: SocketLike): void {
  const role = Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === "[[role]]"
  );
  if (role !== undefined) Reflect.set(socket, role, CLIENT);
}

const CLIENT = 1;
