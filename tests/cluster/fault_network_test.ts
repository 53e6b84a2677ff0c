/**
 * A network between one node and Redis that is cut, slow, or carries only one direction. Without a redis-server the
 * tests are ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import { assertEquals } from "../support/assert.ts";
import type { Proxy } from "./proxy.ts";
import {
  endOf,
  eventually,
  faultTest as test,
  joins,
  meet,
  startTraffic,
  steal,
  told,
  turnedAway,
} from "./stage.ts";

const BREAKS: readonly ((proxy: Proxy) => void)[] = [
  (proxy) => proxy.cut(),
  (proxy) => proxy.swallow("up"),
  (proxy) => proxy.swallow("down"),
];

test("[FAULT-42] a node whose network to Redis is cut, or loses what goes in one direction, serves whom it has, others notice nothing, and all heals", async (stage) => {
  const redis = await stage.redis();
  const near = await stage.pair(redis);
  const nearby = [await stage.enter(near[0], "n0"), await stage.enter(near[1], "n1")];
  const traffic = startTraffic(
    await stage.enter(near[0], "from"),
    await stage.enter(near[1], "to"),
  );
  // Each node behind a proxy of its own, broken in its own way.
  const healed = await Promise.all(BREAKS.map(async (breakIt, i) => {
    const proxy = stage.proxy(redis);
    const far = await stage.node(proxy);
    await joins(far, 1);
    const [stays, leaves] = [
      await stage.enter(far, `stays${i}`),
      await stage.enter(far, `leaves${i}`),
    ];
    await meet(stays, leaves);
    breakIt(proxy);
    await eventually("it is cut off", () => told(far, "cluster-cut") === 1);
    // Whoever is there is served there; whoever comes is not, and may come elsewhere.
    await meet(stays, leaves);
    await turnedAway(far, `new${i}`);
    const back = await stage.enter(near[0], `leaves${i}`);
    proxy.heal();
    await joins(far, 2);
    assertEquals((await endOf(leaves)).code, 4000);
    return [stays, back, await stage.enter(far, `new${i}`)];
  }));
  await meet(...nearby, ...healed.flat());
  await traffic.stop();
  for (const node of near) {
    assertEquals([told(node, "cluster-away"), told(node, "cluster-cut")], [0, 0]);
  }
  for (const i of BREAKS.keys()) assertEquals(await steal(near[0], `stays${i}`), "ID-TAKEN");
});

test("[FAULT-42] a node that hears Redis a second late is slower, and nothing else", async (stage) => {
  const redis = await stage.redis();
  const near = await stage.pair(redis);
  const proxy = stage.proxy(redis);
  const far = await stage.node(proxy, "--cluster_lease", "10000");
  await joins(far, 1);
  const nearby = [await stage.enter(near[0], "n0"), await stage.enter(near[1], "n1")];
  const away = await stage.enter(far, "f0");
  proxy.delay(1_000);
  await meet(...nearby, away);
  const late = await stage.enter(far, "late");
  await meet(...nearby, late);
  assertEquals(await steal(far, "n0"), "ID-TAKEN");
  const back = await stage.enter(near[0], "f0");
  assertEquals((await endOf(away)).code, 4000);
  await meet(back, late, ...nearby);
  for (const node of [...near, far]) assertEquals(told(node, "cluster-away"), 0);
});
