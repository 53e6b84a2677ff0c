/**
 * Nodes of a cluster in this process, and a redis-server of the test's own. Without a redis-server the tests are
 * ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import type { PartialSettings } from "../../core/mod.ts";
import { type Application, serveBox } from "../support/served.ts";
import { findRedis, type Redis, startRedis } from "./redis.ts";

const search = findRedis();
if (search.kind === "missing") console.warn(`No test of nodes runs: ${search.reason}`);

/** The secret of every node. */
export const SECRET = "a secret of sixteen or more";

/** The prefix of every key. */
export const PREFIX = "{signalbox}:";

export interface Given {
  readonly redis: Redis;
  /** Starts a node, which may not have joined yet. */
  readonly start: (options?: PartialSettings) => Application;
  /** Starts two nodes, and waits until both have joined. */
  readonly two: (options?: PartialSettings) => Promise<readonly [Application, Application]>;
}

/** Declares a test that has a Redis of its own. */
export function test(name: string, body: (given: Given) => Promise<void>): void {
  const ignore = search.kind === "missing" && search.allowed;
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using redis = await startRedis(redisPath());
      await using nodes = new AsyncDisposableStack();
      const start = (options: PartialSettings = {}): Application =>
        nodes.use(serveBox({ cluster: redis.url, cluster_secret: SECRET, ...options }));
      await body({
        redis,
        start,
        two: async (options) => {
          const both = [start(options), start(options)] as const;
          await joined(redis, 2);
          return both;
        },
      });
    },
  });
}

/** Where redis-server is; fails if it is not there. */
export function redisPath(): string {
  if (search.kind === "missing") throw new Error(search.reason);
  return search.path;
}

/** Settles when so many nodes have joined, and ends the grace of an engine that is new. */
export async function joined(redis: Redis, nodes: number): Promise<void> {
  await until(async () => await redis.send("ZCARD", `${PREFIX}nodes`) === nodes, "nodes joined");
  await redis.send("HSET", `${PREFIX}gen`, "grace", 0);
}

/** Settles when a question to Redis has the answer that is waited for; fails after ten seconds. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!await isSo()) {
    if (performance.now() > end) throw new Error(`Waited for in vain: ${what}`);
  }
}
