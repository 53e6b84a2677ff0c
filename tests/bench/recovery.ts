/**
 * How long a cluster of two nodes takes after a fault until it is whole: every client that was connected is, and each
 * reaches each.
 *
 * @module
 */
import { type Daemon, startDaemon, startSentinel } from "../cluster/daemon.ts";
import { findRedis } from "../cluster/redis.ts";
import { eventually, joins, startNode, tokenOf } from "../cluster/stage.ts";
import type { Child } from "../support/child.ts";
import { dial, socketUrl, type Wire } from "../support/peer_socket.ts";

/** What fails. */
export const KINDS = ["kill of a node", "kill of Redis", "Sentinel failover"] as const;

/** The clients of each node. */
const CLIENTS = 10;

/** How often each sends to each. */
const PROBE_MS = 50;

interface Scene {
  readonly nodes: readonly [Child, Child];
  /** Breaks something; settles when it is broken, and what a person would do about it is done. */
  readonly fail: () => Promise<void>;
}

/** The milliseconds of so many recoveries. */
export async function recover(kind: typeof KINDS[number], times: number): Promise<number[]> {
  const search = findRedis();
  if (search.kind === "missing") throw new Error(search.reason);
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    await using stack = new AsyncDisposableStack();
    taken.push(await once(await startScene(stack, search.path, kind)));
  }
  return taken;
}

async function startScene(
  stack: AsyncDisposableStack,
  path: string,
  kind: typeof KINDS[number],
): Promise<Scene> {
  const redis = stack.use(await startDaemon({ path }));
  const url = kind === "Sentinel failover" ? await watch(stack, path, redis) : redis.url;
  const start = async (): Promise<Child> =>
    stack.use(await startNode(url, ["--cluster_lease", "15000"]));
  const nodes = [await start(), await start()] as const;
  await Promise.all(nodes.map((node) => joins(node, 1)));
  await redis.send("HSET", "{signalbox}:gen", "grace", 0);
  const fail = async (): Promise<void> => {
    if (kind === "kill of a node") return void await nodes[0].stop("SIGKILL");
    await redis.kill();
    if (kind === "kill of Redis") await redis.start();
  };
  return { nodes, fail };
}

/** Gives a Redis a replica and a sentinel; the URL of those. */
async function watch(stack: AsyncDisposableStack, path: string, master: Daemon): Promise<string> {
  const args = ["--replicaof", `127.0.0.1 ${master.port}`];
  const replica = stack.use(await startDaemon({ path, args }));
  const sentinel = stack.use(await startSentinel({ path, name: "signalbox", master }));
  await eventually("the replica is in step", async () => {
    const role = await replica.send("ROLE");
    return typeof role === "object" && role[3] === "connected";
  });
  await eventually(
    "the sentinel knows it",
    async () =>
      String(await sentinel.send("SENTINEL", "REPLICAS", "signalbox")).includes(`${replica.port}`),
  );
  return `redis+sentinel://127.0.0.1:${sentinel.port}?master=signalbox`;
}

/** Breaks a cluster, and measures until it is whole. */
async function once({ nodes, fail }: Scene): Promise<number> {
  const total = 2 * CLIENTS;
  /** By probe, the pairs of which the second heard the first. */
  const heard = new Map<number, Set<string>>();
  let [latest, whole] = [0, Infinity];
  const clients = Array.from(
    { length: total },
    (_, i) => openClient(`client${i}`, nodes, i % 2, hear),
  );

  function hear(src: string, dst: string, probe: number): void {
    if (probe < latest) return;
    const pairs = heard.get(probe) ?? new Set();
    heard.set(probe, pairs.add(`${src} ${dst}`));
    if (pairs.size === total * (total - 1)) whole = Math.min(whole, performance.now());
  }

  let probe = 0;
  const timer = setInterval(() => {
    probe++;
    for (const src of clients) for (const dst of clients) if (src !== dst) src.send(dst.id, probe);
  }, PROBE_MS);
  try {
    await eventually("it is whole at first", () => whole < Infinity);
    // A later probe counts, and only one that was sent after the fault.
    [latest, whole] = [Infinity, Infinity];
    const startedAt = performance.now();
    const failing = fail();
    latest = probe + 1;
    await failing;
    await eventually("it is whole again", () => whole < Infinity);
    return whole - startedAt;
  } finally {
    clearInterval(timer);
    await Promise.all(clients.map(({ close }) => close()));
  }
}

interface Client {
  readonly id: string;
  readonly send: (dst: string, probe: number) => void;
  readonly close: () => Promise<void>;
}

/** A client that goes to the other node as soon as it is closed. */
function openClient(
  id: string,
  nodes: readonly [Child, Child],
  first: number,
  hear: (src: string, dst: string, probe: number) => void,
): Client {
  let isOver = false;
  let wire = connect(first);

  function connect(at: number): Wire {
    const { wsUrl } = nodes[at % 2 === 0 ? 0 : 1];
    const made = dial(socketUrl({ wsUrl, key: "peerjs", id, token: tokenOf(id) }), {}, (data) => {
      const { type, src, payload } = JSON.parse(String(data));
      if (type === "CANDIDATE") hear(src, id, payload);
    });
    void made.closed.then(() => {
      if (!isOver) wire = connect(at + 1);
    });
    return made;
  }

  return {
    id,
    send: (dst, probe) => wire.send(JSON.stringify({ type: "CANDIDATE", dst, payload: probe })),
    close: async () => {
      isOver = true;
      await wire.close();
    },
  };
}
