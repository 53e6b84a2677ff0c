/**
 * A Redis that dies, freezes, forgets and fills up under two nodes. Without a redis-server the tests are ignored, and
 * one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import { assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import {
  claimsIn,
  endOf,
  eventually,
  faultTest as test,
  joins,
  meet,
  nodesIn,
  startTraffic,
  steal,
  told,
  turnedAway,
} from "./stage.ts";

/** Waits until every node says so often that something happened. */
async function all(nodes: readonly Child[], event: string, times: number): Promise<void> {
  await eventually(
    `${event}: ${nodes.map(({ lines }) => lines.join("\n")).join("\n")}`,
    () => nodes.every((node) => told(node, event) >= times),
  );
}

test("[FAULT-36] Redis is killed and comes back empty: nobody is disconnected, every claim is back, and no stranger gets an id", async (stage) => {
  const redis = await stage.redis();
  const nodes = await stage.pair(redis);
  const [one, two] = nodes;
  const [a, b] = [await stage.crowd(one, "a", 30), await stage.crowd(two, "b", 30)];
  await redis.kill();
  await all(nodes, "cluster-away", 1);
  // Served by one node without Redis.
  await meet(...a.slice(0, 2));
  const thieves = Promise.all([steal(two, "a7"), steal(one, "b7")]);
  await redis.start();
  assertEquals(await thieves, ["ID-TAKEN", "ID-TAKEN"]);
  await eventually("all claims are back", async () => await claimsIn(redis) === 60);
  await meet(...a.slice(0, 3), ...b.slice(0, 3));
  await meet(await stage.enter(one, "c"), ...b.slice(29));
});

test("[FAULT-36] a node that tries in vain for long is back before the grace of an empty Redis ends", async (stage) => {
  const redis = await stage.redis();
  const proxy = stage.proxy(redis);
  const near = await stage.node(redis);
  const far = await stage.node(proxy);
  await Promise.all([joins(near, 1), joins(far, 1)]);
  const [a, b] = [await stage.enter(near, "a"), await stage.enter(far, "b")];
  await meet(a, b);
  await redis.kill();
  const before = proxy.count;
  await eventually("it tries at its slowest", () => proxy.count >= before + 8);
  // Before its next try.
  await redis.start();
  const thief = steal(near, "b");
  assertEquals(await thief, "ID-TAKEN");
  await meet(a, b);
});

test("[FAULT-37] Redis is frozen for longer than two beats: the nodes connect again, and nobody notices", async (stage) => {
  const redis = await stage.redis();
  const nodes = await stage.pair(redis);
  const [a, b] = [await stage.enter(nodes[0], "a"), await stage.enter(nodes[1], "b")];
  const traffic = startTraffic(a, b);
  await eventually("there is traffic", () => traffic.arrived() > 3);
  redis.freeze(true);
  await all(nodes, "cluster-away", 1);
  redis.freeze(false);
  await all(nodes, "cluster-joined", 2);
  await traffic.stop();
  assertEquals(await claimsIn(redis), 2);
});

test("[FAULT-37] Redis is frozen for longer than a lease: clients of one node reach each other meanwhile, and all do after it", async (stage) => {
  const redis = await stage.redis();
  const nodes = await stage.pair(redis);
  const [one, two] = nodes;
  const a = await stage.enter(one, "a");
  const [b, c] = [await stage.enter(two, "b"), await stage.enter(two, "c")];
  await meet(a, b, c);
  redis.freeze(true);
  await all(nodes, "cluster-cut", 1);
  await meet(b, c);
  await turnedAway(one, "d");
  a.send({ type: "OFFER", dst: "b", payload: "waits" });
  redis.freeze(false);
  await all(nodes, "cluster-joined", 2);
  assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "waits" });
  await meet(a, b, c, await stage.enter(one, "d"));
  await eventually("the names of before are reaped", async () => await nodesIn(redis) === 2);
  assertEquals(await claimsIn(redis), 4);
});

test("[FAULT-38] Redis comes back with a snapshot of before: who came since is claimed again, and a stranger gets nobody's id", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  const moves = await stage.enter(one, "moves");
  await redis.send("SAVE");
  const moved = await stage.enter(two, "moves");
  assertEquals((await endOf(moves)).code, 4000);
  const comes = await stage.enter(two, "comes");
  await redis.kill();
  await redis.start();
  await eventually("the newcomer is there", async () => await claimsIn(redis) === 4);
  assertEquals(await steal(one, "comes"), "ID-TAKEN");
  assertEquals(await steal(one, "moves"), "ID-TAKEN");
  await meet(a, b, comes, moved);
});

test("[FAULT-38] Redis comes back with a snapshot of before: an id that was given up since is free", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const a = await stage.enter(one, "a");
  const leaves = await stage.enter(one, "leaves");
  await redis.send("SAVE");
  await leaves.close();
  await eventually("it is given up", async () => await claimsIn(redis) === 1);
  await redis.kill();
  await redis.start();
  await meet(a, await stage.enter(two, "b"));
  await eventually("it is given up again", async () => await claimsIn(redis) === 2);
  assertEquals(await steal(two, "leaves"), "OPEN");
});

test("[FAULT-39] connections that Redis kills, and scripts that it forgets, cost nobody anything", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  const traffic = startTraffic(await stage.enter(one, "from"), await stage.enter(two, "to"));
  const faults = [["CLIENT", "KILL", "TYPE", "normal"], ["CLIENT", "KILL", "TYPE", "pubsub"], [
    "SCRIPT",
    "FLUSH",
  ]];
  for (const [i, fault] of faults.entries()) {
    await redis.send(...fault);
    const clients = [await stage.enter(one, `one${i}`), await stage.enter(two, `two${i}`)];
    await meet(a, b, ...clients);
  }
  await traffic.stop();
  assertEquals(await claimsIn(redis), 10);
});

test("[FAULT-40] a Redis without memory: who is connected stays and is served, who comes is turned away, and all is well after it", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  const cold = await stage.enter(two, "cold");
  await meet(a, b);
  await redis.send("CONFIG", "SET", "maxmemory", "1");
  await turnedAway(one, "new");
  await meet(a, b, cold);
  await redis.send("CONFIG", "SET", "maxmemory", "0");
  await meet(a, b, cold, await stage.enter(one, "new"));
});
