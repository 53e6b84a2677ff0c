/**
 * Nodes in this process and a real redis-server between them. Without a redis-server the tests are ignored, and one line
 * says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import type { PartialSettings } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { join } from "../support/peer_socket.ts";
import { type Application, serveBox } from "../support/served.ts";
import { findRedis, type Redis, startRedis } from "./redis.ts";

const search = findRedis();
if (search.kind === "missing") console.warn(`No test of nodes runs: ${search.reason}`);

interface Given {
  readonly redis: Redis;
  /** Starts a node of the cluster. */
  readonly node: (options?: PartialSettings) => Application;
}

/** A test that has a server of its own. */
function test(name: string, body: (given: Given) => Promise<void>): void {
  const ignore = search.kind === "missing" && search.allowed;
  Deno.test({
    name,
    ignore,
    fn: async () => {
      if (search.kind === "missing") throw new Error(search.reason);
      await using redis = await startRedis(search.path);
      await using nodes = new AsyncDisposableStack();
      const node = (options: PartialSettings = {}): Application =>
        nodes.use(serveBox({ cluster: redis.url, cluster_secret: SECRET, ...options }));
      await body({ redis, node });
    },
  });
}

const SECRET = "a secret of sixteen or more";

function offer(dst: string, payload: unknown = "sdp"): unknown {
  return { type: "OFFER", dst, payload };
}

test("a peer of one node sends to a peer of another, both ways and in order", async ({ node }) => {
  const [one, two] = [node(), node()];
  await using a = await join(one, "a");
  await using b = await join(two, "b");
  for (const payload of ["1", "ünï 𝄞", "3"]) a.send(offer("b", payload));
  for (const payload of ["1", "ünï 𝄞", "3"]) {
    assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload });
  }
  b.send({ type: "ANSWER", dst: "a", payload: { sdp: "s" } });
  assertEquals(await a.next(), { type: "ANSWER", src: "b", dst: "a", payload: { sdp: "s" } });
});
