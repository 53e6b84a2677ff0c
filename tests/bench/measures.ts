/**
 * What is measured, each with the load that it takes. Contenders run side by side, and take turns of less than a
 * second at a load: a machine that is shared changes its speed faster than a long measurement is over.
 */
import { vitalsOf } from "../support/vitals.ts";
import { type Client, closeAll, openClients } from "./client.ts";
import { openSchedule } from "./latency.ts";
import { spreadOf } from "./results.ts";
import { type Contender, cpuNs, pause, settle, startServer } from "./servers.ts";
import type { Server } from "./servers.ts";

/** What a measure gave, by the name of the metric. */
export type Metrics = Readonly<Record<string, number>>;

type Turn = () => Promise<Metrics>;

export type Plan = Readonly<Record<keyof typeof FULL, number>>;

/** The plan whose figures count. */
export const FULL = {
  pairs: 100,
  /** Messages that each pair has under way: fewer, and a server is measured waking up rather than working. */
  inFlight: 40,
  /** How long a load runs before it counts: the compilers of the platform settle in it. */
  warmMs: 3_000,
  sliceMs: 400,
  slices: 10,
  /** Connections that open and close before it counts, and then in each turn. */
  opensBefore: 3_000,
  opens: 1_000,
  /** Connections whose memory counts, after some: the young half of the heap grows to its full size once. */
  idle: 8_000,
  idleBefore: 2_000,
  idleSettleMs: 5_000,
  beatMs: 5_000,
  /** Messages a second whose delay is measured: half a core of a relay, and little enough for the load. */
  rate: 30_000,
};

/**
 * The plan of what shares its cores with the load. Its turns are fewer and longer: a scheduler with more threads than
 * cores takes some of 400 ms to settle, and so do several threads that have been idle.
 */
export const SHARED: Plan = { ...FULL, slices: 3, sliceMs: 2_000, opensBefore: 2_000 };

/** A plan that shows in seconds that everything works. */
export const SHORT: Plan = {
  ...{ pairs: 4, inFlight: 4, warmMs: 50, sliceMs: 40, slices: 2 },
  ...{ opensBefore: 10, opens: 20, idle: 40, idleBefore: 5, idleSettleMs: 50, beatMs: 200 },
  rate: 1_000,
};

export const HEARTBEAT_MS = 5_000;

/** The measures, by the names that `--only` takes. */
export const MEASURES = ["relay", "latency", "open", "idle"] as const;

/** Does one measure with each contender, in processes that live for this alone. */
export async function take(
  measure: typeof MEASURES[number],
  contenders: readonly Contender[],
  { plan, prefix }: { readonly plan: Plan; readonly prefix: readonly string[] },
): Promise<ReadonlyMap<string, Metrics>> {
  await using stack = new AsyncDisposableStack();
  const entrants: { name: string; turn: Turn; taken: Metrics[] }[] = [];
  for (const contender of contenders) {
    const server = stack.use(await startServer(contender, prefix));
    entrants.push({ name: server.name, turn: await PREPARE[measure](server, plan), taken: [] });
  }
  const turns = measure === "idle" ? 1 : plan.slices;
  for (let i = 0; i < turns; i++) {
    const order = i % 2 === 0 ? entrants : entrants.toReversed();
    for (const { turn, taken } of order) taken.push(await turn());
  }
  // Of opens the mean: a collector that works in one turn of ten works for all ten.
  const fold = (values: readonly number[]): number =>
    measure === "open" ? values.reduce((sum, value) => sum + value) / turns : spreadOf(values)[1];
  return new Map(entrants.map(({ name, taken }) => {
    const all = (metric: string): number[] => taken.map((metrics) => metrics[metric] ?? NaN);
    const metrics = Object.keys(taken[0] ?? {});
    return [name, Object.fromEntries(metrics.map((metric) => [metric, fold(all(metric))]))];
  }));
}

/** Each warms a server up, and gives what is a turn then. */
const PREPARE = {
  relay: async (server: Server, plan: Plan): Promise<Turn> => {
    const run = await openRelay(server, plan);
    await run(plan.warmMs);
    return () => run(plan.sliceMs);
  },
  latency: async (server: Server, plan: Plan): Promise<Turn> => {
    const clients = await openPairs(server, plan.pairs, 1);
    const run = openSchedule(clients, plan.rate, (missing) => arrival(server, missing));
    await run(plan.warmMs);
    return async () => {
      const cpu = await cpuNs(server.pid);
      const { p50, p99, p999, lag } = await run(plan.sliceMs);
      const paced_us = (await cpuNs(server.pid) - cpu) / (plan.rate * plan.sliceMs);
      return { p50_us: p50, p99_us: p99, p999_us: p999, lag_us: lag, paced_us };
    };
  },
  open: async (server: Server, plan: Plan): Promise<Turn> => {
    await visit(server, plan.opensBefore);
    return () => visit(server, plan.opens);
  },
  idle: (server: Server, plan: Plan): Turn => () => idle(server, plan),
};

/** Pairs in which each message that arrives sends the next one back, until what is under way after `ms` has arrived. */
async function openRelay(
  server: Server,
  { pairs, inFlight }: Plan,
): Promise<(ms: number) => Promise<Metrics>> {
  const clients = await openPairs(server, pairs, inFlight);
  let [sent, received, goesOn] = [0, 0, false];
  const send = (client: Client, count: number): void => {
    sent += count;
    client.send(count);
  };
  for (const client of clients) {
    client.onFrames = (count): void => {
      received += count;
      if (goesOn) send(client, count);
    };
  }
  return async (ms) => {
    const [before, cpu, startedAt] = [received, await cpuNs(server.pid), performance.now()];
    goesOn = true;
    for (const client of clients) send(client, inFlight / 2);
    await pause(ms);
    goesOn = false;
    await arrival(server, () => sent - received);
    const tookMs = performance.now() - startedAt;
    const tookNs = await cpuNs(server.pid) - cpu;
    const done = received - before;
    return {
      relay_us: tookNs / done / 1e3,
      relay_per_s: done / tookMs * 1e3,
      relay_share: tookNs / tookMs / 1e6,
    };
  };
}

/** Opens and closes a crowd. */
async function visit({ port, pid }: Server, size: number): Promise<Metrics> {
  await settle(pid);
  const before = await cpuNs(pid);
  const crowd = await openCrowd(port, size);
  await settle(pid);
  const opened = await cpuNs(pid);
  await closeAll(crowd);
  await settle(pid);
  const us = (ns: number): number => (ns - before) / size / 1e3;
  return { open_us: us(opened), visit_us: us(await cpuNs(pid)) };
}

/** Memory of a connection in a crowd, and CPU of a heartbeat of one: they come one by one, and wake the server up. */
async function idle({ port, pid }: Server, plan: Plan): Promise<Metrics> {
  const first = await openCrowd(port, plan.idleBefore);
  await pause(plan.idleSettleMs);
  const { rss: before } = await vitalsOf(pid);
  const crowd = [...first, ...await openCrowd(port, plan.idle)];
  await pause(plan.idleSettleMs);
  const { rss, descriptors } = await vitalsOf(pid);
  const gone = crowd.length - descriptors;
  if (gone > 0) throw new Error(`Cannot measure idle connections: ${gone} are gone`);
  const everyMs = HEARTBEAT_MS / crowd.length;
  for (const client of crowd) client.load(['{"type":"HEARTBEAT"}'], 1);
  await settle(pid);
  const [cpu, startedAt] = [await cpuNs(pid), performance.now()];
  let sent = 0;
  for (let at = 0; at < plan.beatMs; at = performance.now() - startedAt) {
    for (; sent * everyMs <= at; sent++) crowd[sent % crowd.length]?.send(1);
    await pause(1);
  }
  await settle(pid);
  const beatNs = await cpuNs(pid) - cpu;
  await closeAll(crowd);
  return { idle_bytes: (rss - before) / plan.idle, beat_us: beatNs / sent / 1e3 };
}

async function arrival({ name, lines }: Server, missing: () => number): Promise<void> {
  for (const latest = performance.now() + 20_000; missing() > 0; await pause(1)) {
    if (performance.now() < latest) continue;
    const said = lines.slice(-5).join("\n");
    throw new Error(`Cannot measure ${name}: ${missing()} messages never came; it says:\n${said}`);
  }
}

/** Has no divisor in common with any number of clients here: each comes once. */
const STRIDE = 73;

function openCrowd(port: number, count: number): Promise<readonly Client[]> {
  return openClients(port, count, 300, 512);
}

/** Clients of whom each has a message for its neighbour: offers at even places, answers to them behind. */
async function openPairs(
  { port }: Server,
  pairs: number,
  portion: number,
): Promise<readonly Client[]> {
  const opened = await openClients(port, 2 * pairs, 100, 65_536);
  // Those that come one after the other are often at the same worker.
  const clients = opened.map((_, i) => opened[i * STRIDE % opened.length] as Client);
  clients.forEach((client, i) => {
    const type = i % 2 === 0 ? "OFFER" : "ANSWER";
    client.load([messageTo(clients[i ^ 1]?.id ?? "", type)], portion);
  });
  return clients;
}

/** An offer or an answer like the stock client's, with 2 KB of session description. */
export function messageTo(dst: string, type: "OFFER" | "ANSWER"): string {
  const id = "dc_8q2x0v7m1ab";
  const more = type === "OFFER" ? { label: id, reliable: false, serialization: "binary" } : {};
  const sdp = { type: type.toLowerCase(), sdp: SDP };
  return JSON.stringify({ type, payload: { sdp, type: "data", connectionId: id, ...more }, dst });
}

/** Lines as gathering adds them. */
const SDP = "a=candidate:1000003 1 udp 2122260222 192.0.2.17 50001 typ host generation 0\r\n"
  .repeat(26);
