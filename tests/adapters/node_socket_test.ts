/** The watch over sockets of `npm:ws`: who is dead, who does not listen, and that nobody waits for the whole of another's chunk. */
import { endOnce, socketBounds } from "../../adapters/listen/node/socket.ts";
import { createServer } from "node:http";
import { Writable } from "node:stream";
import { WebSocketServer } from "../../adapters/ws.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { within } from "../support/peer_socket.ts";
import {
  frame,
  handshake,
  joined,
  OPCODE,
  type RawSocket,
  upgradeRaw,
} from "../support/raw_socket.ts";

/** Uses a client that was told why it is closed, and does not answer; how long that takes. */
async function whileClosing(use: (client: RawSocket) => Promise<void>): Promise<number> {
  await using child = await startChild({ args: ["--listener", "node"] });
  using client = await upgradeRaw(child.port, handshake("/peerjs?key=wrong&id=a&token=t"));
  assertEquals(await client.closed(), 4003);
  const since = performance.now();
  await use(client);
  return performance.now() - since;
}

Deno.test("[LIMIT-16] a client that does not answer a close is ended after 5 s: node", async () => {
  const elapsed = await whileClosing((client) => client.ended());
  assert(elapsed > 4_000 && elapsed < 7_000, `${elapsed} ms`);
});

Deno.test("[LIMIT-16] a client that goes on sending after its close is not read: node", async () => {
  const message = frame(new Uint8Array(60_000), { opcode: OPCODE.binary });
  let sent = 0;
  const elapsed = await whileClosing(async (client) => {
    while (await client.write(message)) sent += message.length;
  });
  assert(elapsed < 4_000, "it was ended by the wait for its close");
  // What the system holds between the two comes on top of the 1 MiB.
  assert(sent < 20_000_000, `${sent} bytes went through`);
});

Deno.test("[FAULT-30] others get a turn before a socket's chunk is handled to its end: node", async () => {
  const told: string[] = [];
  let receiver: unknown;
  const ended = Promise.withResolvers<void>();
  const server = createServer();
  const bounds = socketBounds({ max_message_bytes: 65_536 });
  const sockets = new WebSocketServer({ noServer: true, ...bounds });
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      receiver = Reflect.get(socket, "_receiver");
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
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  const numbers = Array.from({ length: 1_000 }, (_, i) => String(i));
  const close = frame(new Uint8Array([0x03, 0xe8]), { opcode: OPCODE.close });
  await client.write(handshake("/"));
  await client.read(new Uint8Array(1_024));
  await client.write(joined([...numbers.map((text) => frame(text)), close]));
  await client.closeWrite();
  await within(ended.promise, 10_000, "The socket is not closed");
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  const turn = told.indexOf("turn");
  assert(turn >= 0 && turn < 900, `the turn came after ${turn} messages`);
  assertEquals(told.toSpliced(turn, 1), [...numbers, "close 1000"]);
  assert(receiver instanceof Writable, "the stream that endOnce is for");
});

Deno.test("a stream that has ended is not ended again, and what is no stream is left alone: node", () => {
  let calls = 0;
  class Counting extends Writable {
    override end(...args: unknown[]): this {
      calls++;
      return Reflect.apply(super.end, this, args);
    }
  }
  const stream = new Counting({ write: (_chunk, _encoding, done) => done() });
  endOnce(stream);
  endOnce(undefined);
  stream.end("last");
  stream.end();
  stream.end();
  assertEquals(calls, 1);
});
