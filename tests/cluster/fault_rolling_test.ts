/**
 * A rolling restart of processes with their Redis, under load. Without a redis-server the test is ignored, and one line
 * says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { report, roll } from "./rolling.ts";
import { faultTest as test } from "./stage.ts";

test("[FAULT-47] [CLUSTER-34] [LIFE-6] [LIFE-8] a rolling restart of three nodes under load loses no conversation", async ({ path }) => {
  const result = await roll({
    ...{ path, nodes: 3, pairs: 12, drainS: 2 },
    args: ["--expire_timeout", "5000"],
    comeBackMs: () => 100 + 200 * Math.random(),
  });
  const told = report(result);
  assertEquals([result.lost, result.twice], [0, 0], told);
  assert(result.begun >= 12, told);
  // Two of three are closed once, and the others twice, less who came back to a node that was restarted already.
  assert(result.awayMs.length >= 24, told);
  assertEquals(Object.keys(result.codes), ["1012"], told);
  assertEquals(result.ends.map(([code]) => code), [0, 0, 0], told);
});
