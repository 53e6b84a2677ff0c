/**
 * The turns that sockets of `npm:ws` take: nobody waits until another's whole chunk is handled.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { FairSocket, TURN_MESSAGES, WAITING_MESSAGES } from "../../adapters/listen/node/turns.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { within } from "../support/peer_socket.ts";
import { frame, handshake, OPCODE } from "../support/raw_socket.ts";

/** What a socket told until its end, where `count` messages and a close come at once; a "turn" is a timer's. */
async function heard(count: number): Promise<readonly string[]> {
  const told: string[] = [];
  const ended = Promise.withResolvers<void>();
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, WebSocket: FairSocket });
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      socket.once("message", () => setTimeout(() => told.push("turn"), 0));
      socket.on("message", (data) => told.push(String(data)));
      socket.on("close", (code) => {
        told.push(`close ${code}`);
        ended.resolve();
      });
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const messages = Array.from({ length: count }, (_, i) => frame(String(i)));
  const close = frame(new Uint8Array([0x03, 0xe8]), { opcode: OPCODE.close });
  await connection.write(handshake("/"));
  await connection.read(new Uint8Array(1_024));
  await connection.write(Uint8Array.from([...messages, close].flatMap((bytes) => [...bytes])));
  await connection.closeWrite();
  await within(ended.promise, 10_000, "The socket is not closed");
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return told;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

Deno.test("[FAULT-30] others get a turn before a socket's chunk is handled to its end: node", async () => {
  const told = await heard(1_000);
  const turn = told.indexOf("turn");
  assert(turn >= 0 && turn <= TURN_MESSAGES, `the turn came after ${turn} messages`);
  assertEquals(told.toSpliced(turn, 1), [...numbers(1_000), "close 1000"]);
});

Deno.test("[FAULT-30] of what waits for its turn the oldest does not where too much waits: node", async () => {
  const count = TURN_MESSAGES + WAITING_MESSAGES + 500;
  const told = await heard(count);
  assertEquals(told.filter((what) => what !== "turn"), [...numbers(count), "close 1000"]);
});
