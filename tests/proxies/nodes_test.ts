/** Two nodes behind each proxy: one is restarted, then the other, and no client is refused meanwhile. */
import { startDaemon as startRedis } from "../cluster/daemon.ts";
import { findRedis } from "../cluster/redis.ts";
import { eventually, joins, startNode } from "../cluster/stage.ts";
import { freePort } from "../doctor/daemons.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { within } from "../support/peer_socket.ts";
import { connect } from "../support/raw_socket.ts";
import type { Child } from "../support/child.ts";
import { DAEMONS, type Front, pathOf, serveBehind, startFront } from "./fronts.ts";

const FLAGS = [
  ...["--path", "/signal", "--trusted_proxies", "127.0.0.1", "--log_level", "debug"],
  // A quarter of it is longer than the second in which each proxy asks for health.
  ...["--drain", "8", "--port"],
];

Deno.test("[PROXY-4] [LIFE-6] [HTTP-21] while one node is restarted and then the other, every client is let in at its first try", async () => {
  const search = findRedis();
  if (search.kind === "missing") {
    assert(search.allowed, search.reason);
    return console.log(`left out: ${search.reason}`);
  }
  await using redis = await startRedis({ path: search.path });
  await using stack = new AsyncDisposableStack();
  const ports = [freePort(), freePort()] as const;
  const start = async (port: number): Promise<Child> => {
    const node = stack.use(await startNode(redis.url, [...FLAGS, `${port}`]));
    await joins(node, 1);
    return node;
  };
  const nodes = await Promise.all(ports.map(start));
  const fronts: Front[] = [];
  for (const daemon of DAEMONS) {
    const path = pathOf(daemon);
    if (path === null) continue;
    const [upstream, second] = ports;
    fronts.push(stack.use(await startFront({ daemon, path }, { upstream, second })));
  }

  // Clients need not wait until a Redis that is new can know who is connected.
  await redis.send("HSET", "{signalbox}:gen", "grace", 0);

  const clients = drive(fronts);
  await clients.more();
  for (const [i, node] of nodes.entries()) {
    assertEquals((await node.stop()).code, 0);
    await clients.more();
    const { lines } = await start(ports[i] ?? 0);
    // The next one is restarted when each proxy has asked this one for its health, and uses it again.
    for (const { daemon } of fronts) {
      await eventually(
        `${daemon} uses it`,
        () => lines.some((line) => line.includes(`${daemon}-`)),
      );
    }
  }
  await clients.end();
  assertEquals(clients.failures, []);
});

Deno.test("[PROXY-4] a node whose machine does not answer keeps no client out", async () => {
  await using box = serveBehind();
  await using gone = await vanish();
  await Promise.all(DAEMONS.map(async (daemon) => {
    const path = pathOf(daemon);
    if (path === null) return;
    await using front = await startFront({ daemon, path }, {
      upstream: box.port,
      second: gone.port,
    });
    // One for each node.
    await using _ = await front.join(`${daemon}0`);
    await using __ = await front.join(`${daemon}1`);
  }));
});

/** A port that answers nothing, as that of a machine that is gone: it has more connections than wait to be accepted. */
async function vanish(): Promise<{ readonly port: number } & AsyncDisposable> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const tries: Promise<Deno.Conn | null>[] = [];
  for (let isFull = false; !isFull;) {
    const connection = connect(port).catch(() => null);
    tries.push(connection);
    isFull = await within(connection, SILENT_MS, "It is full").then(() => false, () => true);
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of await Promise.all(tries)) connection?.close();
    },
  };
}

/** A port of this machine that accepts connections does that sooner. */
const SILENT_MS = 500;

/** One client after the other, through each proxy in turn. */
interface Clients {
  /** Settles when this many more rounds are over. */
  readonly more: () => Promise<void>;
  /** Settles when no client is on its way any more. */
  readonly end: () => Promise<void>;
  /** What went wrong. */
  readonly failures: readonly string[];
}

function drive(fronts: readonly Front[]): Clients {
  const failures: string[] = [];
  let rounds = 0;
  let isRunning = true;
  const run = async (): Promise<void> => {
    for (; isRunning; rounds++) {
      for (const front of fronts) {
        const joining = front.join(`${front.daemon}-${rounds}`);
        await joining.then((socket) => socket.close()).catch((error) => {
          failures.push(`${front.daemon}: ${error}`);
        });
      }
    }
  };
  const running = run();
  return {
    failures,
    more: async () => {
      const enough = rounds + ROUNDS;
      await eventually(`${ROUNDS} more rounds`, () => rounds >= enough);
    },
    end: async () => {
      isRunning = false;
      await running;
    },
  };
}

/** Enough for both nodes to be tried by each proxy. */
const ROUNDS = 4;
