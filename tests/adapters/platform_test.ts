/**
 * What `Deno.serve` cannot do, shown with nothing of the server in it. A test that fails here is good news: the
 * platform can do it now, and the code and the README that say otherwise are to follow.
 */
import { assertEquals } from "../support/assert.ts";
import { openSocket } from "../support/peer_socket.ts";

const OPTIONS = { port: 0, hostname: "127.0.0.1", onListen: (): void => {} };

Deno.test("[SET-11] a Deno.serve that leaves its port closes its sockets", async () => {
  const server = Deno.serve(OPTIONS, (request) => Deno.upgradeWebSocket(request).response);
  await using client = await openSocket({ wsUrl: `ws://127.0.0.1:${server.addr.port}/` });
  await server.shutdown();
  assertEquals((await client.closed).code, 1001);
});
