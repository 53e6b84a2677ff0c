/**
 * Nodes that are killed, frozen and stopped. Each is a process of its own, and so is their Redis. Without a redis-server
 * the tests are ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  claimsIn,
  endOf,
  eventually,
  faultTest as test,
  MAX_MS,
  meet,
  nodesIn,
  startTraffic,
  steal,
} from "./stage.ts";

test("[FAULT-33] clients of a node that is killed come back on another at once, under their ids", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const before = await stage.crowd(one, "a", 20);
  const b = await stage.enter(two, "b");
  await meet(...before.slice(0, 2), b);
  await one.stop("SIGKILL");
  for (const client of before) assertEquals((await endOf(client)).code, 1006);
  const after = await stage.crowd(two, "a", 20);
  assertEquals(await steal(two, "a0"), "ID-TAKEN");
  await meet(b, ...after);
  await eventually("the dead node is reaped", async () => await nodesIn(redis) === 1);
  assertEquals(await claimsIn(redis), 21);
});

test("[FAULT-33] an id of a node that was killed is free for others once its lease is over, and what was sent there meanwhile arrives", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  await meet(a, b);
  // Acknowledges what came from the other node, which would expire otherwise.
  a.send({ type: "OFFER", dst: "b", payload: "thanks" });
  assertEquals(Object(await b.next()).payload, "thanks");
  await one.stop("SIGKILL");
  await endOf(a);
  for (const payload of [1, 2, 3]) b.send({ type: "OFFER", dst: "a", payload });
  await eventually("the lease is over", async () => await nodesIn(redis) === 1);
  const other = await stage.enter(two, "a", "a stranger's");
  for (const payload of [1, 2, 3]) {
    assertEquals(await other.next(), { type: "OFFER", src: "b", dst: "a", payload });
  }
  await meet(other, b);
});

test("[FAULT-34] a node that was frozen past its lease closes whom others replaced, keeps the rest, and no message comes twice", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const moved = await stage.enter(one, "moved");
  const robbed = await stage.enter(one, "robbed");
  const stays = await stage.enter(one, "stays");
  const peer = await stage.enter(one, "peer");
  const [b, writer] = [await stage.enter(two, "b"), await stage.enter(two, "writer")];
  await meet(moved, robbed, stays, b);
  Deno.kill(one.pid, "SIGSTOP");
  // On its way while the node is away: it may arrive late, or expire when this test is over.
  for (let i = 1; i <= 5; i++) writer.send({ type: "OFFER", dst: "stays", payload: i });
  const back = await stage.enter(two, "moved");
  await eventually("its lease is over", async () => await nodesIn(redis) === 1);
  const thief = await stage.enter(two, "robbed", "a stranger's");
  await meet(back, thief, b);
  Deno.kill(one.pid, "SIGCONT");

  assertEquals((await endOf(moved)).code, 4000);
  const { code, frames } = await endOf(robbed);
  assertEquals([code, Object(frames[0]).type, frames.length], [4001, "ID-TAKEN", 1]);
  await eventually("what it held before is gone", async () => await claimsIn(redis) === 6);
  await meet(peer, back, thief, b);
  writer.send({ type: "OFFER", dst: "stays", payload: 6 });
  const came: number[] = [];
  while (came.at(-1) !== 6) came.push(Object(await stays.next(MAX_MS)).payload);
  assertEquals(came, [...new Set(came)].sort());
  await meet(stays, peer, back, thief, b);
});

test("[FAULT-35] a node that is stopped under load frees its ids at once, ends with 0, and the others go on", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const leaving = await stage.crowd(one, "a", 50);
  const [b, c] = [await stage.enter(two, "b"), await stage.enter(two, "c")];
  const sink = await stage.enter(two, "sink");
  const traffic = startTraffic(b, c);
  let sent = 0;
  const shower = setInterval(() => {
    sent++;
    for (const { send } of leaving) send({ type: "OFFER", dst: "sink", payload: sent });
  }, 5);
  await eventually("there is load", () => traffic.arrived() > 3 && sent > 20);
  assertEquals((await one.stop("SIGTERM")).code, 0);
  clearInterval(shower);
  assertEquals(await claimsIn(redis), 3);
  // Nobody of the former owners: the ids are free.
  for (let i = 0; i < 50; i++) assertEquals(await steal(two, `a${i}`), "OPEN");
  const three = await stage.node(redis);
  const after = await stage.crowd(three, "a", 50);
  await traffic.stop();
  await meet(b, c, ...after.slice(0, 5));
  const latest = new Map<string, number>();
  for (const { src, payload } of (await sink.fence()).frames.map(Object)) {
    assert(payload > (latest.get(src) ?? 0), `${src}: ${payload} after ${latest.get(src)}`);
    latest.set(src, payload);
  }
  assertEquals(latest.size, 50);
});
