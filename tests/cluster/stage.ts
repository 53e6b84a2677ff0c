/**
 * What a test of a real fault is made of: nodes as processes, a Redis as one, clients, and ways to see that all is well.
 * Nothing here waits for a fixed time: the limits only turn a hang into a failure.
 *
 * @module
 */
import { type Child, type ChildOptions, startChild } from "../support/child.ts";
import type { Place } from "../support/peer_socket.ts";
import { type Client, enter, eventually, told } from "./clients.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { findRedis } from "./redis.ts";

export * from "./clients.ts";

/** The lease of a node: a test that waits for its end waits so long. */
export const LEASE_MS = 2_000;

/** What a test of a fault may start; it ends with the test. */
export interface Stage {
  /** Where redis-server is. */
  readonly path: string;
  /** Lets something end with the test. */
  readonly use: <T extends AsyncDisposable>(thing: T) => T;
  readonly redis: (options?: Partial<DaemonOptions>) => Promise<Daemon>;
  readonly proxy: (target: Daemon) => Proxy;
  /** Starts a node, which need not find its Redis. */
  readonly node: (cluster: { readonly url: string }, ...args: readonly string[]) => Promise<Child>;
  /** Starts two nodes of a new Redis, which have joined: nobody waits for the end of its grace. */
  readonly pair: (
    redis: Daemon,
    cluster?: { readonly url: string },
    ...args: readonly string[]
  ) => Promise<[Child, Child]>;
  readonly enter: (node: Place, id: string, token?: string) => Promise<Client>;
  /** Opens so many clients. */
  readonly crowd: (node: Place, name: string, count: number) => Promise<Client[]>;
}

const search = findRedis();
if (search.kind === "missing") console.warn(`No test of real faults runs: ${search.reason}`);

/** Declares a test. */
export function faultTest(name: string, body: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    ignore: search.kind === "missing" && search.allowed,
    fn: async () => {
      if (search.kind === "missing") throw new Error(search.reason);
      await using stack = new AsyncDisposableStack();
      const started: Child[] = [];
      try {
        await body(stageOn(stack, search.path, started));
      } catch (error) {
        for (const { lines } of started) console.error(["A node said:", ...lines].join("\n"));
        throw error;
      }
    },
  });
}

function stageOn(stack: AsyncDisposableStack, path: string, started: Child[]): Stage {
  const enterHere: Stage["enter"] = async (...who) => stack.use(await enter(...who));
  const node: Stage["node"] = async ({ url }, ...args) => {
    const one = stack.use(await startNode(url, args));
    started.push(one);
    return one;
  };
  return {
    path,
    use: (thing) => stack.use(thing),
    redis: async (options = {}) => stack.use(await startDaemon({ path, ...options })),
    proxy: (target) => stack.use(startProxy(target.port)),
    node,
    pair: async (redis, cluster = redis, ...args) => {
      const pair = await Promise.all([node(cluster, ...args), node(cluster, ...args)]);
      await Promise.all(pair.map((one) => joins(one, 1)));
      await redis.send("HSET", "{signalbox}:gen", "grace", 0);
      return pair;
    },
    enter: enterHere,
    crowd: async (place, name, count) =>
      await Promise.all(Array.from({ length: count }, (_, i) => enterHere(place, `${name}${i}`))),
  };
}

/** Starts the program as a node. Unless a test says otherwise, messages wait for longer than its fault lasts. */
export function startNode(
  url: string,
  given: readonly string[] = [],
  options: ChildOptions = {},
): Promise<Child> {
  const usual = { cluster: url, cluster_lease: LEASE_MS, expire_timeout: 30_000 };
  const args = Object.entries(usual).flatMap(([name, value]) =>
    given.includes(`--${name}`) ? [] : [`--${name}`, `${value}`]
  );
  return startChild({
    args: [...args, ...given],
    env: { PEERSERVER_CLUSTER_SECRET: "a secret of sixteen or more" },
    ...options,
  });
}

/** Waits until a node said so often that it joined. */
export function joins(node: Child, times: number): Promise<void> {
  return eventually(
    `it joins: ${node.lines.join("\n")}`,
    () => told(node, "cluster-joined") >= times,
  );
}

/** How many claims the directory has. */
export async function claimsIn(redis: Daemon): Promise<number> {
  return Number(await redis.send("HLEN", "{signalbox}:claims"));
}

/** How many nodes the directory knows, with those that are dead and not reaped. */
export async function nodesIn(redis: Daemon): Promise<number> {
  return Number(await redis.send("ZCARD", "{signalbox}:nodes"));
}
