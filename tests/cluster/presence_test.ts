/** Presence and readiness of nodes, with a real Redis. */
import { assertEquals, assertRejects } from "../support/assert.ts";
import { openPeers } from "../support/events.ts";
import { join } from "../support/peer_socket.ts";
import { test, until } from "./nodes.ts";

test("[CLUSTER-33] [HTTP-15] a stream of one node is about the clients of both; without Redis nothing changes, and none begins", async ({ two, redis }) => {
  const [one, other] = await two({ allow_discovery: true });
  await using a = await join(one, "a");
  const b = await join(other, "b");
  await using stream = await openPeers(`${one.url}peerjs/peers`);
  await stream.until("a", "b");
  await b.close();
  await using _c = await join(other, "c");
  await stream.until("a", "c");
  await using later = await openPeers(`${one.url}peerjs/peers`);
  await later.until("a", "c");
  await redis[Symbol.asyncDispose]();
  await assertRejects(
    () => openPeers(`${other.url}peerjs/peers`),
    Error,
    "503 The directory of this cluster cannot be read now",
  );
  assertEquals([...later.peers.list ?? []].sort(), ["a", "c"]);
  assertEquals((await a.fence()).closed, null);
});

test("[HTTP-14] a node is ready when it has joined, and not after its lease is over", async ({ start, redis }) => {
  const node = start({ cluster_lease: 1_000 });
  const ready = async (): Promise<string> => await (await fetch(`${node.url}readyz`)).text();
  await until(async () => await ready() === "ready\n", "it is ready");
  await redis[Symbol.asyncDispose]();
  await until(async () => await ready() === "engine\n", "its lease is over");
  assertEquals(await (await fetch(`${node.url}healthz`)).text(), "ok\n");
});
