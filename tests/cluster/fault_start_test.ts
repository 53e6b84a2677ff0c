/**
 * Nodes that cannot join: their Redis is not there, does not let them in, or holds what another version wrote. Without a
 * redis-server the tests are ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import { LAYOUT } from "../../core/cluster/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/main.ts";
import { freePort } from "./redis.ts";
import { faultTest as test, joins, meet, nodesIn, told, turnedAway } from "./stage.ts";

test("[FAULT-43] a node with another layout says what to do and admits nobody, and the others go on", async (stage) => {
  const redis = await stage.redis();
  const [one, two] = await stage.pair(redis);
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  // As if another version had begun.
  await redis.send("HSET", "{signalbox}:gen", "layout", 99);
  const other = await stage.node(redis);
  const line = await other.nextLine((text) => text.includes("cluster-away"));
  assertMatch(
    line,
    /"WARN".*layout 99, and this version of the server has \d+: stop the nodes .*cluster_namespace/,
  );
  await turnedAway(other, "c");
  assertEquals([told(other, "cluster-joined"), await nodesIn(redis)], [0, 2]);
  await meet(a, b, await stage.enter(one, "d"));
  await redis.send("HSET", "{signalbox}:gen", "layout", LAYOUT);
  await joins(other, 1);
  await meet(a, b, await stage.enter(other, "c"));
});

test("[FAULT-44] a node whose Redis is not there starts, turns clients away without a word, and is whole once it is there", async (stage) => {
  const port = freePort();
  const node = await stage.node({ url: `redis://127.0.0.1:${port}` });
  await node.nextLine((line) => line.includes("cluster-away"));
  await turnedAway(node, "a");
  const redis = await stage.redis({ port });
  await joins(node, 1);
  const a = await stage.enter(node, "a");
  await meet(a, await stage.enter(await stage.node(redis), "b"));
});

test("[FAULT-44] a node with a wrong password says so, but not which, and joins once it is right", async (stage) => {
  const redis = await stage.redis({ args: ["--requirepass", "right"], password: "right" });
  const { port } = redis;
  const node = await stage.node({ url: `redis://:wrong-word@127.0.0.1:${port}` });
  const line = await node.nextLine((text) => text.includes("cluster-away"));
  assertMatch(line, /"WARN".*WRONGPASS/);
  await turnedAway(node, "a");
  await redis.send("CONFIG", "SET", "requirepass", "wrong-word");
  await joins(node, 1);
  await stage.enter(node, "a");
  assert(!node.lines.join("\n").includes("wrong-word"));
});

test("[FAULT-44] a URL that is none ends the program with 2 and shows no password", async () => {
  for (
    const url of [
      "http://:hush@127.0.0.1",
      "redis://:hush@127.0.0.1:port",
      "redis+sentinel://:hush@127.0.0.1:26379",
    ]
  ) {
    const { code, stdout, stderr } = await runMain(["--cluster", url]);
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, /^Option (?:--)?cluster (?:must be|is no usable URL:) .*\n$/);
    assert(!stderr.includes("hush"), stderr);
  }
});
