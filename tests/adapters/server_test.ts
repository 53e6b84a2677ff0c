/**
 * A signalbox inside an application's own `Deno.serve`. What every listener does alike is in
 * `listener_contract_test.ts`.
 */
import { createSignalbox } from "../../main.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { openSocket } from "../support/peer_socket.ts";

const CLIENT = { key: "peerjs", token: "t" };

Deno.test("[LIFE-3] stop tells every client, twice does no harm, and a later one is refused", async () => {
  const box = createSignalbox();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, box.answer);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server.shutdown());
  const wsUrl = `ws://127.0.0.1:${server.addr.port}/peerjs`;
  await using a = await openSocket({ ...CLIENT, wsUrl, id: "a" });
  await a.next();
  await box.stop();
  await box.stop();
  assertEquals(await a.closed, { code: 1001, reason: "Server is shutting down" });
  await using late = await openSocket({ ...CLIENT, wsUrl, id: "b" });
  assertStringIncludes(JSON.stringify(await late.next()), "shutting down");
  assertEquals((await late.closed).code, 1001);
});
