/**
 * What `Deno.serve` cannot do, shown with nothing of the server in it. A test that fails here is good news: the
 * platform can do it now, and the code and the README that say otherwise are to follow.
 */
import { assertEquals } from "../support/assert.ts";
import { openSocket } from "../support/peer_socket.ts";
import { handshake, upgradeRaw } from "../support/raw_socket.ts";

const OPTIONS = { port: 0, hostname: "127.0.0.1", onListen: (): void => {} };

Deno.test("[HTTP-10] Deno.serve answers a handshake with an empty body with 400 before its handler is called", async () => {
  let calls = 0;
  const server = Deno.serve(OPTIONS, (request) => {
    calls++;
    return Deno.upgradeWebSocket(request).response;
  });
  const bodies = ["Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n"];
  for (const headers of bodies) {
    const { socket, head } = await upgradeRaw(server.addr.port, handshake("/", headers));
    socket[Symbol.dispose]();
    assertEquals(head.split("\r\n", 1), ["HTTP/1.1 400 Bad Request"], headers);
  }
  assertEquals(calls, 0);
  await server.shutdown();
});

Deno.test("[SET-11] a Deno.serve that leaves its port closes its sockets", async () => {
  const server = Deno.serve(OPTIONS, (request) => Deno.upgradeWebSocket(request).response);
  await using client = await openSocket({ wsUrl: `ws://127.0.0.1:${server.addr.port}/` });
  await server.shutdown();
  assertEquals((await client.closed).code, 1001);
});
