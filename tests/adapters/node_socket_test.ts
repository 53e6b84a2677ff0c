/**
 * The watch over sockets of `npm:ws`: who is dead, who does not listen.
 */
import { createServer } from "node:http";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { socketBounds, watchSocket } from "../../adapters/listen/node/socket.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { within } from "../support/peer_socket.ts";
import { frame, handshake, OPCODE, upgradeRaw } from "../support/raw_socket.ts";

/** A server of sockets that nobody uses; they are dead after `pingTimeoutMs` of silence. */
async function watched(
  pingTimeoutMs: number,
): Promise<AsyncDisposable & { readonly port: number; readonly closes: Promise<number> }> {
  const closes = Promise.withResolvers<number>();
  const server = createServer();
  const sockets = new WebSocketServer({
    noServer: true,
    ...socketBounds({ max_message_bytes: 65_536 }),
  });
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      watchSocket(socket, connection, {
        pingTimeoutMs,
        now: () => performance.now(),
        onUnanswered: () => {},
      });
      socket.on("close", (code: number) => closes.resolve(code));
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const dispose = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    for (const socket of sockets.clients) socket.terminate();
    server.close(() => closed.resolve());
    await closed.promise;
  };
  return { port, closes: closes.promise, [Symbol.asyncDispose]: dispose };
}

Deno.test("a socket that is silent after a ping is ended without a word: node", async () => {
  await using server = await watched(300);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await connection.write(handshake("/"));
  const since = performance.now();
  const end = new Response(connection.readable).bytes();
  const text = await within(end, 10_000, "The server did not end the connection");
  const elapsed = performance.now() - since;
  assertEquals([...text.slice(-2)], [0x80 | OPCODE.ping, 0]);
  assert(elapsed >= 295 && elapsed < 2_000, `${elapsed} ms`);
  assertEquals(await server.closes, 1006);
});

Deno.test("a socket that answers pings lives on: node", async () => {
  await using server = await watched(200);
  const { socket } = await upgradeRaw(server.port, handshake("/"));
  using client = socket;
  for (let i = 0; i < 4; i++) {
    assertEquals((await client.next())?.opcode, OPCODE.ping);
    await client.send("", { opcode: OPCODE.pong });
  }
});

Deno.test("a client that does not answer a close is ended after 5 s: node", async () => {
  await using child = await startChild({ args: ["--listener", "node"] });
  const { socket } = await upgradeRaw(child.port, handshake("/peerjs?key=wrong&id=a&token=t"));
  using client = socket;
  assertEquals(await client.closed(), 4003);
  const since = performance.now();
  await client.ended();
  const elapsed = performance.now() - since;
  assert(elapsed > 4_000 && elapsed < 7_000, `${elapsed} ms`);
});

Deno.test("a client that goes on sending after its close is not read: node", async () => {
  await using child = await startChild({ args: ["--listener", "node"] });
  const { socket } = await upgradeRaw(child.port, handshake("/peerjs?key=wrong&id=a&token=t"));
  using client = socket;
  assertEquals(await client.closed(), 4003);
  const since = performance.now();
  const message = frame(new Uint8Array(60_000), { opcode: OPCODE.binary });
  let sent = 0;
  while (await client.write(message)) sent += message.length;
  assert(performance.now() - since < 4_000, "it was ended by the wait for its close");
  // What the system holds between the two comes on top of the 1 MiB.
  assert(sent < 20_000_000, `${sent} bytes went through`);
});
