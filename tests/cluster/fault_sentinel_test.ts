/**
 * Failover: a master with a replica and a sentinel. Without a redis-server the tests are ignored, and one line says so,
 * unless `SIGNALBOX_REQUIRE` names redis.
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { type Daemon, startSentinel } from "./daemon.ts";
import {
  claimsIn,
  eventually,
  faultTest as test,
  joins,
  meet,
  type Stage,
  startTraffic,
  steal,
  told,
} from "./stage.ts";

interface Scene {
  readonly master: Daemon;
  readonly replica: Daemon;
  readonly sentinel: Daemon;
  readonly nodes: readonly [Child, Child];
}

const NAME = "signalbox";

async function scene(stage: Stage): Promise<Scene> {
  const master = await stage.redis();
  const replica = await stage.redis({ args: ["--replicaof", `127.0.0.1 ${master.port}`] });
  const sentinel = stage.use(await startSentinel({ path: stage.path, name: NAME, master }));
  const url = `redis+sentinel://127.0.0.1:${sentinel.port}?master=${NAME}`;
  // Longer than a failover takes: the nodes keep their names, and send again what was on its way.
  const nodes = await stage.pair(master, { url }, "--cluster_lease", "15000");
  await eventually("the replica is in step", async () => (await linkOf(replica)) === "connected");
  await eventually(
    "the sentinel knows the replica",
    async () =>
      String(await sentinel.send("SENTINEL", "REPLICAS", NAME)).includes(`${replica.port}`),
  );
  return { master, replica, sentinel, nodes };
}

/** How a replica stands to its master. */
async function linkOf(replica: Daemon): Promise<string> {
  const role = await replica.send("ROLE");
  return typeof role === "object" ? String(role[3]) : "";
}

async function isMaster(redis: Daemon): Promise<boolean> {
  const role = await redis.send("ROLE");
  return typeof role === "object" && role[0] === "master";
}

/** Lets a replica fall behind its master, for good. */
async function loseStep(master: Daemon, replica: Daemon): Promise<void> {
  // Nobody of that name may sync.
  await replica.send("CONFIG", "SET", "masteruser", "nobody");
  await replica.send("CONFIG", "SET", "masterauth", "nothing");
  await master.send("CLIENT", "KILL", "TYPE", "replica");
  await eventually("it is out of step", async () => (await linkOf(replica)) !== "connected");
}

test("[FAULT-41] the master is killed under load: the nodes follow the sentinel, nobody is disconnected, and no message is lost", async (stage) => {
  const { master, replica, nodes: [one, two] } = await scene(stage);
  const [a, b] = [await stage.crowd(one, "a", 20), await stage.crowd(two, "b", 20)];
  const there = startTraffic(await stage.enter(one, "from"), await stage.enter(two, "to"));
  const back = startTraffic(await stage.enter(two, "from2"), await stage.enter(one, "to2"));
  await eventually("there is traffic", () => there.arrived() > 3 && back.arrived() > 3);
  await eventually("the replica has all", async () => await claimsIn(replica) === 44);
  await master.kill();
  await eventually("the replica is promoted", () => isMaster(replica));
  await Promise.all([joins(one, 2), joins(two, 2)]);
  await Promise.all([there.stop(), back.stop()]);
  await meet(...a.slice(0, 3), ...b.slice(0, 3), await stage.enter(one, "new"));
  assertEquals(await claimsIn(replica), 45);
});

const FAILOVERS: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  "after a kill": ({ master }) => master.kill(),
  "that a person asks for": ({ sentinel }) => sentinel.send("SENTINEL", "FAILOVER", NAME),
};

for (const [which, begin] of Object.entries(FAILOVERS)) {
  test(`[FAULT-41] a failover ${which} that loses writes: who came meanwhile is claimed again, and a stranger gets no id of theirs`, async (stage) => {
    const all = await scene(stage);
    const { master, replica, nodes: [one, two] } = all;
    const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
    await eventually("the replica has them", async () => await claimsIn(replica) === 2);
    await loseStep(master, replica);
    const late = [await stage.crowd(one, "late", 10), await stage.crowd(two, "later", 10)].flat();
    assertEquals([await claimsIn(master), await claimsIn(replica)], [22, 2]);
    await begin(all);
    await eventually("the replica is promoted", () => isMaster(replica));
    await eventually("all is claimed again", async () => await claimsIn(replica) === 22);
    for (const id of ["late0", "later0"]) assertEquals(await steal(one, id), "ID-TAKEN");
    await meet(a, b, ...late.slice(8, 12));
  });
}

test("[FAULT-41] a failover that a person asks for costs nobody anything", async (stage) => {
  const { master, replica, sentinel, nodes } = await scene(stage);
  const [a, b] = [await stage.enter(nodes[0], "a"), await stage.enter(nodes[1], "b")];
  const traffic = startTraffic(
    await stage.enter(nodes[0], "from"),
    await stage.enter(nodes[1], "to"),
  );
  await sentinel.send("SENTINEL", "FAILOVER", NAME);
  await eventually("the replica is promoted", () => isMaster(replica));
  await eventually("the master is a replica", async () => !await isMaster(master));
  await Promise.all(nodes.map((node) => joins(node, 2)));
  await traffic.stop();
  await meet(a, b, await stage.enter(nodes[0], "new"));
  assertEquals(await claimsIn(replica), 5);
  for (const node of nodes) assertEquals(told(node, "cluster-cut"), 0);
});

test("[FAULT-41] a master that has lost the replica it must have takes no writes: the nodes are cut until it is back, and disconnect nobody", async (stage) => {
  const args = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"];
  const master = await stage.redis({ args });
  const replica = await stage.redis({ args: ["--replicaof", `127.0.0.1 ${master.port}`] });
  await eventually("the replica is in step", async () => (await linkOf(replica)) === "connected");
  const nodes = await stage.pair(master);
  const [a, b] = [await stage.enter(nodes[0], "a"), await stage.enter(nodes[1], "b")];
  await replica.kill();
  await eventually("they are cut", () => nodes.every((node) => told(node, "cluster-cut") === 1));
  assertMatch(nodes[0].lines.join("\n"), /WARN.*NOREPLICAS/);
  await replica.start();
  await Promise.all(nodes.map((node) => joins(node, 2)));
  await meet(a, b, await stage.enter(nodes[0], "new"));
});
