/**
 * What a cluster of two nodes costs and carries, and how soon it is whole after a fault: `deno task bench --cluster`.
 *
 * Nodes, Redis and the load share all cores, so what counts are CPU and round trips; messages a second are what this
 * machine had left for them.
 *
 * @module
 */
import { type Daemon, startDaemon } from "../cluster/daemon.ts";
import { findRedis } from "../cluster/redis.ts";
import { eventually, nodesIn } from "../cluster/stage.ts";
import { type Client, closeAll, openClients } from "./client.ts";
import { within } from "../support/peer_socket.ts";
import { messageTo } from "./measures.ts";
import { KINDS, recover } from "./recovery.ts";
import { cpuNs, pause, type Server, settle, signalbox, startServer } from "./servers.ts";

/** How much is measured. */
interface Plan {
  readonly rounds: number;
  readonly pairs: number;
  readonly inFlight: number;
  readonly warmMs: number;
  readonly flowMs: number;
  /** Messages one after the other. */
  readonly pings: number;
  readonly opens: number;
  readonly idle: number;
  readonly idleMs: number;
  readonly recoveries: number;
}

const FULL: Plan = {
  ...{ rounds: 5, pairs: 100, inFlight: 20, warmMs: 3_000, flowMs: 5_000 },
  ...{ pings: 2_000, opens: 1_000, idle: 300, idleMs: 15_000, recoveries: 10 },
};

const SHORT: Plan = {
  ...{ rounds: 1, pairs: 20, inFlight: 20, warmMs: 500, flowMs: 1_000 },
  ...{ pings: 300, opens: 200, idle: 300, idleMs: 6_000, recoveries: 1 },
};

/** Two nodes of a Redis, and one server that is alone. */
interface Scene {
  readonly redis: Daemon;
  readonly one: Server;
  readonly two: Server;
  readonly alone: Server;
  readonly plan: Plan;
}

type Figures = Readonly<Record<string, number>>;

/** The file of results: of each figure the least, the median and the most, or the median alone. */
export interface ClusterResults {
  readonly takenAt: string;
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/** The measures, by the names that `--only` takes. */
const MEASURES: Readonly<Record<string, (scene: Scene) => Promise<Figures>>> = {
  relay: measureRelay,
  latency: measureLatency,
  open: measureOpens,
  commands: measureCommands,
};

/**
 * Measures, and prints a table: the median of the rounds, with the least and the most. Unless it is a short one, each
 * round writes those that there are by then in the place of those in `cluster.json`.
 */
export async function measureCluster(isShort: boolean, only: string | undefined): Promise<void> {
  const plan = isShort ? SHORT : FULL;
  const search = findRedis();
  if (search.kind === "missing") throw new Error(search.reason);
  const names = only?.split(",") ?? [...Object.keys(MEASURES), "recovery"];
  const taken = new Map<string, number[]>();
  for (let round = 1; round <= plan.rounds; round++) {
    for (const name of names) {
      const measure = MEASURES[name];
      if (measure === undefined) continue;
      console.error(`round ${round} of ${plan.rounds}, ${name}; load ${Deno.loadavg()[0]}`);
      await using stack = new AsyncDisposableStack();
      const figures = await measure(await startScene(stack, search.path, plan));
      for (const [figure, value] of Object.entries(figures)) {
        taken.set(figure, [...taken.get(figure) ?? [], value]);
      }
    }
    if (!isShort) await keep(taken);
  }
  for (const [figure, values] of taken) print(figure, values);
  if (!names.includes("recovery")) return;
  for (const kind of KINDS) {
    print(`recovery after ${kind}, ms`, await recover(kind, plan.recoveries));
  }
}

async function keep(taken: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const file = new URL("./cluster.json", import.meta.url);
  const kept: ClusterResults = JSON.parse(await Deno.readTextFile(file));
  const figures = Object.fromEntries(
    [...taken].map(([figure, values]) => [
      figure,
      extentOf(values).map((value) => Number(value.toPrecision(4))),
    ]),
  );
  const results: ClusterResults = {
    takenAt: new Date().toISOString(),
    figures: { ...kept.figures, ...figures },
  };
  await Deno.writeTextFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

/** The least, the median and the most. */
function extentOf(values: readonly number[]): readonly [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[0] ?? NaN, sorted[Math.floor(sorted.length / 2)] ?? NaN, sorted.at(-1) ?? NaN];
}

function print(figure: string, values: readonly number[]): void {
  const [least, median, most] = extentOf(values).map(written);
  console.log(`| ${figure} | ${median} (${least} to ${most}) |`);
}

function written(value: number): string {
  return value >= 100 ? `${Math.round(value)}` : value.toPrecision(3);
}

async function startScene(stack: AsyncDisposableStack, path: string, plan: Plan): Promise<Scene> {
  const redis = stack.use(await startDaemon({ path }));
  const alone = { MAX_SOCKETS_PER_ADDRESS: "0" };
  const settings = { ...alone, CLUSTER: redis.url, CLUSTER_SECRET: "a secret of sixteen or more" };
  const start = async (name: string, given: Record<string, string>): Promise<Server> =>
    stack.use(await startServer(signalbox(name, given), []));
  const scene = {
    ...{ redis, plan, one: await start("one", settings), two: await start("two", settings) },
    alone: await start("alone", alone),
  };
  await eventually("both nodes have joined", async () => await nodesIn(redis) === 2);
  await redis.send("HSET", "{signalbox}:gen", "grace", 0);
  return scene;
}

/** The CPU of everybody, by process. */
async function cpuOf(
  { redis, one, two, alone }: Scene,
): Promise<Record<"nodes" | "redis" | "alone", number>> {
  const [a, b] = [await cpuNs(one.pid), await cpuNs(two.pid)];
  return { nodes: a + b, redis: await cpuNs(redis.pid()), alone: await cpuNs(alone.pid) };
}

/** A message within a node and across two: its CPU, how many a second, and whether all arrived. */
async function measureRelay(scene: Scene): Promise<Figures> {
  const { plan, one, two, alone } = scene;
  const flows = {
    alone: await openFlow(plan, alone, alone),
    within: await openFlow(plan, one, one),
    across: await openFlow(plan, one, two),
  };
  const figures: Record<string, number> = {};
  for (const [name, flow] of Object.entries(flows)) {
    await flow(plan.warmMs);
    const before = await cpuOf(scene);
    const { count, ms, lost } = await flow(plan.flowMs);
    const after = await cpuOf(scene);
    const us = (who: keyof typeof before): number => (after[who] - before[who]) / count / 1e3;
    figures[`messages a second, ${name}`] = count / ms * 1e3;
    figures[`CPU of a message, servers, ${name}, µs`] = us(name === "alone" ? "alone" : "nodes");
    if (name !== "across") continue;
    figures["CPU of a message, Redis, across, µs"] = us("redis");
    figures["messages lost, across"] = lost;
  }
  return figures;
}

type Flow = (
  ms: number,
) => Promise<{ readonly count: number; readonly ms: number; readonly lost: number }>;

/** Pairs in which each message that arrives lets the next one go, half of them in each direction. */
async function openFlow({ pairs, inFlight }: Plan, a: Server, b: Server): Promise<Flow> {
  const [left, right] = [
    await openClients(a.port, pairs, 50, 65_536),
    await openClients(b.port, pairs, 50, 65_536),
  ];
  const writers: Client[] = [];
  let [sent, arrived, told, goesOn] = [0, 0, 0, false];
  const send = (writer: Client, count: number): void => {
    sent += count;
    writer.send(count);
  };
  for (const [i, one] of left.entries()) {
    const other = right[i] ?? one;
    const [writer, reader] = i % 2 === 0 ? [one, other] : [other, one];
    writer.load([messageTo(reader.id, "OFFER")], inFlight);
    // Nothing is said to a writer but that something was lost.
    writer.onFrames = (count): void => void (told += count);
    reader.onFrames = (count): void => {
      arrived += count;
      if (goesOn) send(writer, count);
    };
    writers.push(writer);
  }
  return async (ms) => {
    const [before, startedAt] = [arrived, performance.now()];
    goesOn = true;
    for (const writer of writers) send(writer, inFlight);
    await pause(ms);
    goesOn = false;
    await eventually("what was sent has an end", () => arrived + told >= sent);
    return { count: arrived - before, ms: performance.now() - startedAt, lost: sent - arrived };
  };
}

/** How long a message takes that comes alone. */
async function measureLatency({ plan: { pings }, one, two, alone }: Scene): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (
    const [name, from, to] of [["alone", alone, alone], ["within", one, one], [
      "across",
      one,
      two,
    ]] as const
  ) {
    const [[writer], [reader]] = [
      await openClients(from.port, 1, 1, 65_536),
      await openClients(to.port, 1, 1, 65_536),
    ];
    if (writer === undefined || reader === undefined) throw new Error("No client was opened");
    writer.load([messageTo(reader.id, "OFFER")], 1);
    const times: number[] = [];
    for (let i = 0; i < pings + 50; i++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      reader.onFrames = () => resolve();
      const sentAt = performance.now();
      writer.send(1);
      await within(promise, 10_000, `Message ${i} does not arrive, ${name}`);
      if (i >= 50) times.push(performance.now() - sentAt);
    }
    times.sort((x, y) => x - y);
    figures[`p50 of a message, ${name}, ms`] = times[Math.floor(pings / 2)] ?? NaN;
    figures[`p99 of a message, ${name}, ms`] = times[Math.floor(pings * 0.99)] ?? NaN;
  }
  return figures;
}

/** Opens at a server that is alone, at one node, and at two. */
async function measureOpens(scene: Scene): Promise<Figures> {
  const { plan: { opens }, one, two, alone } = scene;
  const figures: Record<string, number> = {};
  for (
    const [name, at] of [["alone", [alone]], ["one node", [one]], ["two nodes", [
      one,
      two,
    ]]] as const
  ) {
    const open = async (count: number): Promise<readonly Client[]> =>
      (await Promise.all(at.map(({ port }) => openClients(port, count / at.length, 64, 512))))
        .flat();
    await closeAll(await open(opens));
    for (const { pid } of at) await settle(pid);
    const [before, startedAt] = [await cpuOf(scene), performance.now()];
    const crowd = await open(opens);
    figures[`opens a second, ${name}`] = opens / (performance.now() - startedAt) * 1e3;
    for (const { pid } of at) await settle(pid);
    const after = await cpuOf(scene);
    const us = (who: keyof typeof before): number => (after[who] - before[who]) / opens / 1e3;
    figures[`CPU of an open, servers, ${name}, µs`] = us(name === "alone" ? "alone" : "nodes");
    if (name !== "alone") figures[`CPU of an open, Redis, ${name}, µs`] = us("redis");
    await closeAll(crowd);
  }
  return figures;
}

/** How many commands Redis gets. */
async function measureCommands({ redis, plan, one, two }: Scene): Promise<Figures> {
  const count = async (command: string): Promise<number> => {
    const [, calls = "0"] = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(
      String(await redis.send("INFO", "commandstats")),
    ) ?? [];
    return Number(calls);
  };
  const during = async (
    work: () => Promise<unknown>,
  ): Promise<readonly [number, number, number]> => {
    const [scripts, publishes, startedAt] = [
      await count("evalsha"),
      await count("publish"),
      performance.now(),
    ];
    await work();
    const s = (performance.now() - startedAt) / 1e3;
    return [await count("evalsha") - scripts, await count("publish") - publishes, s];
  };
  const crowd: Client[] = [];
  const [opens] = await during(async () =>
    void crowd.push(...await openClients(one.port, plan.idle, 64, 512))
  );
  const [beats, probes, s] = await during(() => pause(plan.idleMs));
  const flow = await openFlow({ ...plan, pairs: 2, inFlight: 1 }, one, two);
  await flow(plan.warmMs);
  let messages = 0;
  const [, publishes] = await during(async () => messages = (await flow(plan.flowMs)).count);
  await closeAll(crowd);
  return {
    [`scripts for an open, of ${plan.idle}`]: opens / plan.idle,
    [`scripts a second of two nodes with ${plan.idle} idle clients`]: beats / s,
    [`publishes a second of two nodes with ${plan.idle} idle clients`]: probes / s,
    "publishes for a message that comes alone": publishes / messages,
  };
}
