/**
 * What a test of a real fault is made of: nodes as processes, a Redis as one, clients, and ways to see that all is well.
 * Nothing here waits for a fixed time: the limits only turn a hang into a failure.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { type Child, type ChildOptions, startChild } from "../support/child.ts";
import {
  type Closed,
  openSocket,
  type PeerSocket,
  type Place,
  within,
} from "../support/peer_socket.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { findRedis } from "./redis.ts";

/** Longest that anything takes to come about. */
export const MAX_MS = 30_000;

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

export interface Client extends PeerSocket {
  readonly id: string;
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
  const enter: Stage["enter"] = async (node, id, token = tokenOf(id)) => {
    const [first, socket] = await open(node, id, token);
    assertEquals(first, { type: "OPEN" }, id);
    return stack.use(socket);
  };
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
    enter,
    crowd: async (place, name, count) =>
      await Promise.all(Array.from({ length: count }, (_, i) => enter(place, `${name}${i}`))),
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

export function tokenOf(id: string): string {
  return `token of ${id}`;
}

/** Opens a socket; what the server says first. */
async function open(node: Place, id: string, token: string): Promise<[unknown, Client]> {
  const socket = await openSocket({ wsUrl: node.wsUrl, key: "peerjs", id, token });
  return [await socket.next(MAX_MS), { ...socket, id }];
}

/** Somebody else wants the id: what the server says first. Who is let in leaves at once. */
export async function steal(node: Place, id: string): Promise<string> {
  const [first, socket] = await open(node, id, "a stranger's");
  await socket.close();
  return String(Object(first).type);
}

/** A socket that is closed with 1013, without a word, because no claim can be made. */
export async function turnedAway(node: Place, id: string): Promise<void> {
  const socket = await openSocket({ wsUrl: node.wsUrl, key: "peerjs", id, token: tokenOf(id) });
  const { code } = await within(socket.closed, MAX_MS, "The socket is not turned away");
  assertEquals([code, (await socket.fence()).frames], [1013, []]);
}

/** How a socket ended, and what came before that. */
export async function endOf(
  client: Client,
): Promise<Closed & { readonly frames: readonly unknown[] }> {
  const { code, reason } = await within(client.closed, MAX_MS, `${client.id} is not closed`);
  return { code, reason, frames: (await client.fence()).frames };
}

/** Waits until it is so. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + MAX_MS;
  while (!await isSo()) {
    assert(performance.now() < end, `It is not so after ${MAX_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How many lines of its log have this event. */
export function told({ lines }: Child, event: string): number {
  return lines.filter((line) => line.includes(`"event":"${event}"`)).length;
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

/** Each sends to each other one; everything arrives, and nothing else does before it. */
export async function meet(...all: readonly Client[]): Promise<void> {
  const mark = crypto.randomUUID();
  const letter = (src: Client, dst: Client): unknown => ({
    ...{ type: "OFFER", src: src.id, dst: dst.id, payload: `${mark} from ${src.id}` },
  });
  const others = (one: Client): Client[] => all.filter((other) => other !== one);
  for (const src of all) for (const dst of others(src)) src.send(letter(src, dst));
  for (const dst of all) {
    const came: unknown[] = [];
    for (const _ of others(dst)) came.push(await dst.next(MAX_MS));
    const wanted = others(dst).map((src) => letter(src, dst));
    assertEquals(inOrder(came), inOrder(wanted), `to ${dst.id}`);
  }
}

function inOrder(frames: readonly unknown[]): string[] {
  return frames.map((frame) => {
    const { type, src, dst, payload } = Object(frame);
    return JSON.stringify({ type, src, dst, payload });
  }).sort();
}

/** A stream of numbered messages from one to another. */
export interface Traffic {
  /** How many arrived. */
  readonly arrived: () => number;
  /** Ends it once the last one sent has arrived: all came, in order, and none came twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Sends ten messages a second, and reads what comes; both clients are busy with it until it ends. So slow, because no
 * more than 64 may wait from one for one (QUEUE-7).
 */
export function startTraffic(from: Client, to: Client): Traffic {
  let [sent, arrived] = [0, 0];
  let last = Infinity;
  const timer = setInterval(() => {
    from.send({ type: "OFFER", dst: to.id, payload: ++sent });
  }, 100);
  const reading = (async (): Promise<void> => {
    while (arrived < last) {
      const frame = await to.next(MAX_MS);
      assertEquals(frame, { type: "OFFER", src: from.id, dst: to.id, payload: arrived + 1 });
      arrived++;
    }
  })();
  // Who stops it hears of a failure.
  reading.catch(() => {});
  return {
    arrived: () => arrived,
    stop: async (): Promise<void> => {
      clearInterval(timer);
      // At least one more, so that there is something to wait for.
      from.send({ type: "OFFER", dst: to.id, payload: ++sent });
      last = sent;
      await reading;
      assertEquals((await from.fence()).frames, [], "what its sender is told");
    },
  };
}
