/** The watch over sockets of `npm:ws`: who is dead, who does not listen. */
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { frame, handshake, OPCODE, upgradeRaw } from "../support/raw_socket.ts";

Deno.test("[LIMIT-16] a client that does not answer a close is ended after 5 s: node", async () => {
  await using child = await startChild({ args: ["--listener", "node"] });
  const { socket } = await upgradeRaw(child.port, handshake("/peerjs?key=wrong&id=a&token=t"));
  using client = socket;
  assertEquals(await client.closed(), 4003);
  const since = performance.now();
  await client.ended();
  const elapsed = performance.now() - since;
  assert(elapsed > 4_000 && elapsed < 7_000, `${elapsed} ms`);
});

Deno.test("[LIMIT-16] a client that goes on sending after its close is not read: node", async () => {
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
