/** Nodes with a real Redis between them, as their clients see them. */
import { createHash } from "node:crypto";
import { SCRIPTS } from "../../adapters/cluster/scripts.ts";
import type { PeerMessage } from "../../main.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { join, openSocket, type PeerSocket } from "../support/peer_socket.ts";
import { serveBox } from "../support/served.ts";
import { engineContract, offer } from "./contract.ts";
import { joined, PREFIX, redisPath, SECRET, test, until } from "./nodes.ts";
import { startProxy } from "./proxy.ts";
import { freePort, keysIn, startRedis } from "./redis.ts";
import { startSentinel } from "./sentinel.ts";

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** Sends from one to the other until something arrives, whatever gets lost on the way; it fails after ten tries. */
async function reaches(a: PeerSocket, b: PeerSocket, dst: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    a.send(offer(dst, i));
    if (await b.next(1_000).then(() => true, () => false)) return;
  }
  throw new Error(`Nothing reaches "${dst}"`);
}

engineContract((name, body) =>
  test(name, async ({ two, redis }) => {
    const knownMail = async (): Promise<boolean> =>
      await redis.send("HLEN", `${PREFIX}young`) === 1;
    await body({
      two,
      mailIsKnown: () => until(knownMail, "mail is known of"),
    });
  })
);

test("[CLUSTER-13] Redis holds no token and no session description, nor is one published twice", async ({ two, redis }) => {
  const [one, other] = await two();
  await using a = await join(one, "a", { token: "token-of-a" });
  await using b = await join(other, "b", { token: "token-of-b" });
  a.send(offer("b", "description-1"));
  a.send(offer("absent", "description-2"));
  await b.next();
  await until(async () => await redis.send("HLEN", `${PREFIX}young`) === 1, "mail is known of");
  const all = JSON.stringify([...await keysIn(redis)]);
  assertMatch(all, /claims/);
  assert(!/description|token-of|secret of/.test(all), all);
  const published = (await redis.heard()).filter((line) => line.includes("description-1"));
  assertEquals(published.length, 1);
});

test("[CLUSTER-28] what breaks between a node and Redis disconnects nobody, and heals", async ({ two, redis }) => {
  const [one, other] = await two({ cluster_lease: 2_000 });
  await using a = await join(one, "a");
  await using b = await join(other, "b");
  await reaches(a, b, "b");
  await redis.send("SCRIPT", "FLUSH");
  await reaches(a, b, "b");
  for (const kind of ["pubsub", "normal"]) {
    await redis.send("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes");
    await reaches(a, b, "b");
    await reaches(b, a, "a");
  }
  await using c = await join(one, "c");
  await reaches(c, b, "b");
});

test("[CLUSTER-17] [CLUSTER-28] without Redis at the start, sockets close with 1013 and without an ERROR", async () => {
  const port = freePort();
  await using node = serveBox({ cluster: `redis://127.0.0.1:${port}`, cluster_secret: SECRET });
  await using early = await openSocket({ ...node, id: "a", token: "t", key: "peerjs" });
  assertEquals((await early.closed).code, 1_013);
  assertEquals((await early.fence()).frames, []);
  await using redis = await startRedis(redisPath(), undefined, port);
  await joined(redis, 1);
  await using a = await join(node, "a");
  assertEquals((await a.fence()).closed, null);
});

test("[CLUSTER-16] 300 idle clients cost Redis nothing but beats", async ({ two, redis }) => {
  const [one, other] = await two({ cluster_lease: 1_000, max_sockets_per_address: 0 });
  await using clients = new AsyncDisposableStack();
  const ids = Array.from({ length: 300 }, (_, i) => `idle-${i}`);
  for (const socket of await Promise.all(ids.map((id) => join(one, id)))) clients.use(socket);
  clients.use(await join(other, "there"));
  const seen = await redis.spy();
  const beats: string[] = [];
  while (beats.length < 10) {
    const lines = await seen();
    beats.push(...lines);
    assertEquals(lines.filter((line) => !line.startsWith(`"EVALSHA" "${sha1(SCRIPTS.beat)}"`)), []);
  }
});

test("[CLUSTER-24] a message to a node that is known costs one PUBLISH, and an open one command", async ({ two, redis }) => {
  const [one, other] = await two();
  await using a = await join(one, "a");
  await using b = await join(other, "b");
  await reaches(a, b, "b");
  await reaches(b, a, "a");
  const seen = await redis.spy();
  await seen();
  for (let i = 0; i < 20; i++) {
    a.send(offer("b", i));
    await b.next();
    b.send(offer("a", i));
    await a.next();
  }
  const lines = await seen();
  const isBeat = (line: string): boolean => line.includes(sha1(SCRIPTS.beat));
  const published = lines.filter((line) => line.startsWith('"PUBLISH"'));
  assertEquals(lines.filter((line) => !isBeat(line)).length, published.length);
  assertEquals(published.filter((line) => line.includes('"OFFER')).length, 40);
  // An acknowledgement waits 250 ms for a frame that goes to its node anyway.
  assert(published.length <= 42, `${published.length} publishes`);
  await using _c = await join(one, "c");
  const opening = (await seen()).filter((line) => line.startsWith('"EVALSHA"') && !isBeat(line));
  assertEquals(opening.length, 1);
});

test("[CLUSTER-29] /peers lists the clients of all nodes, and says 503 without Redis", async ({ two, redis }) => {
  const [one, other] = await two({ allow_discovery: true });
  await using _a = await join(one, "a");
  await using _b = await join(other, "b");
  const [list, again] = await Promise.all([one, one].map(({ url }) => fetch(`${url}peerjs/peers`)));
  assertEquals((await list?.json()).sort(), ["a", "b"]);
  assertEquals([again?.status, (await again?.json()).length], [200, 2]);
  await redis[Symbol.asyncDispose]();
  const away = await fetch(`${other.url}peerjs/peers`);
  assertEquals(away.status, 503);
  assertEquals(
    await away.text(),
    "The directory of this cluster cannot be read now: try again later.\n",
  );
});

test("[CLUSTER-15] a subscription that hears nothing is replaced", async ({ redis }) => {
  await using proxy = startProxy(redis.port);
  const options = { cluster_secret: SECRET, cluster_lease: 2_000 };
  await using one = serveBox({ ...options, cluster: redis.url });
  await using other = serveBox({ ...options, cluster: `redis://127.0.0.1:${proxy.port}` });
  await joined(redis, 2);
  await using a = await join(one, "a");
  await using b = await join(other, "b");
  await reaches(a, b, "b");
  proxy.deafen("subscribe");
  const before = proxy.count;
  await until(async () => {
    await redis.send("PING");
    return proxy.count > before;
  }, "another connection");
  await reaches(a, b, "b");
  assertEquals((await b.fence()).closed, null);
});

test("[CLUSTER-28] sentinels say where the Redis is; the first that answers is believed", async ({ redis }) => {
  await using sentinel = await startSentinel(redisPath(), "main", redis.port);
  const hosts = `127.0.0.1:${freePort()},127.0.0.1:${sentinel.port}`;
  const cluster = `redis+sentinel://${hosts}?master=main`;
  await using node = serveBox({ cluster, cluster_secret: SECRET });
  await joined(redis, 1);
  await using a = await join(node, "a");
  assertEquals((await a.fence()).closed, null);
});

test("[CLUSTER-30] what no node publishes counts for nothing", async ({ two, redis }) => {
  const [one, other] = await two();
  await using a = await join(one, "a");
  await using b = await join(other, "b");
  const nodes = await redis.send("ZRANGE", `${PREFIX}nodes`, 0, -1);
  const odd = ["", "x".repeat(10_000), "probe x", "[]\n", '["n","m",1,1,null,[null]]\n'];
  for (const node of typeof nodes === "object" ? nodes : []) {
    const frame = JSON.stringify(["n", node, 1, 1, null, [[1, 9, "OFFER", "x", "b", 2]]]);
    for (const message of [...odd, `${frame}\n{}`]) {
      await redis.send("PUBLISH", `${PREFIX}d:${node}`, message);
    }
  }
  a.send(offer("b"));
  assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "sdp" });
  assertEquals((await b.fence()).frames, []);
});

test("[CLUSTER-17] what a client sends before its id is claimed is kept, and hooks see each message once", async ({ redis }) => {
  const seen: unknown[] = [];
  const options = { cluster: redis.url, cluster_secret: SECRET };
  const hear = (node: string) => (_: unknown, { type, dst }: PeerMessage): void =>
    void seen.push([node, type, dst]);
  await using one = serveBox({ ...options, onMessage: hear("one") });
  await using other = serveBox({ ...options, onMessage: hear("other") });
  await using b = await join(other, "b");
  // Before its grace is over an engine that is new claims nothing.
  await redis.send("HINCRBY", `${PREFIX}gen`, "grace", 500);
  await using a = await openSocket({ ...one, id: "a", token: "t", key: "peerjs" });
  a.send(offer("b"));
  assertEquals(await a.next(), { type: "OPEN" });
  assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "sdp" });
  b.send({ type: "ANSWER", dst: "a" });
  await a.next();
  assertEquals(seen, [["one", "OFFER", "b"], ["other", "ANSWER", "a"]]);
});
