/**
 * What the real process costs with so many real connections. The crowd grows from size to size in one process; at each
 * size a few of it leave and come again, anybody sends a message to anybody, beats, and what is asked from outside is.
 *
 * Who is in the crowd is silent otherwise, so the server waits for longer than usual before it looks after anybody.
 */
import { freePort } from "../../support/admin.ts";
import { vitalsOf } from "../../support/vitals.ts";
import { openClients } from "../client.ts";
import { messageTo, type Metrics } from "../measures.ts";
import { pause, type Server, settle, signalbox, startServer, threadsOf } from "../servers.ts";
import { spreadOf } from "../results.ts";
import type { Round } from "./figures.ts";
import { encoded, join, leave, type Member, say } from "./crowd.ts";

/** How much is done at each size. */
export interface Plan {
  readonly visits: number;
  readonly messages: number;
  readonly beats: number;
  readonly pingMs: number;
  readonly idleMs: number;
  readonly asks: number;
  readonly settleMs: number;
}

export const FULL: Plan = {
  ...{ visits: 500, messages: 2_000, beats: 2_000, pingMs: 2_000, idleMs: 2_000, asks: 3 },
  settleMs: 1_000,
};

export const SHORT: Plan = {
  ...{ visits: 20, messages: 50, beats: 50, pingMs: 200, idleMs: 200, asks: 1, settleMs: 100 },
};

/** Events that are under way at a time: fewer, and a server is measured waking up. */
const BURST = 500;
/** Turns in which some leave and as many come. */
const TURNS = 4;
/** Clients that come and go before anything counts: few, because the others get the memory that they leave. */
const WARM = 500;
const WARM_TURNS = 6;
/** Between two messages whose round trips are measured: 500 a second. */
const PING_EVERY_MS = 2;
const TEN_MINUTES = "600000";
const HEARTBEAT = encoded('{"type":"HEARTBEAT"}');

/** A server, its crowd, and the serial of who comes next. */
interface Scene {
  readonly server: Server;
  readonly admin: string;
  readonly plan: Plan;
  readonly members: Member[];
  serial: number;
}

/** One round: the figures of each size, in the order of the sizes. */
export async function growCrowd(
  { sizes, plan, listener, prefix }: {
    readonly sizes: readonly number[];
    readonly plan: Plan;
    readonly listener: string;
    readonly prefix: readonly string[];
  },
): Promise<Round> {
  const adminPort = freePort();
  await using server = await startServer(
    signalbox("signalbox", {
      ...{ HOST: "0.0.0.0", LISTENER: listener, CONCURRENT_LIMIT: "10000000" },
      ...{ TRUSTED_PROXIES: "127.0.0.0/8", ALLOW_DISCOVERY: "true" },
      ...{ ALIVE_TIMEOUT: TEN_MINUTES, PING_TIMEOUT: TEN_MINUTES, ADMIN_PORT: `${adminPort}` },
    }),
    prefix,
  );
  const admin = `http://127.0.0.1:${adminPort}/metrics`;
  const scene: Scene = { server, admin, plan, members: [], serial: 0 };
  await warm(scene);
  let { rss } = await vitalsOf(server.pid);
  const rows: [string, Metrics][] = [];
  for (const size of sizes) {
    const before = scene.members.length;
    const grow_us = await spent(scene, size - before, () => grow(scene, size - before));
    await pause(plan.settleMs);
    const now = await vitalsOf(server.pid);
    // The smallest crowd has the memory that those left who came before anything counted.
    const memory = before > 0 ? { connection_bytes: (now.rss - rss) / (size - before) } : {};
    const figures = { ...await measureAt(scene), grow_us, ...memory };
    ({ rss } = await vitalsOf(server.pid));
    const open = await metric(admin, "signalbox_clients");
    if (open !== size) throw new Error(`Cannot measure ${size} clients: ${open} are connected`);
    console.error(`${size}: ${JSON.stringify(figures)}`);
    rows.push([`${size}`, figures]);
  }
  return Object.fromEntries(rows);
}

async function measureAt(scene: Scene): Promise<Metrics> {
  const { server: { pid }, plan } = scene;
  await settle(pid);
  const before = await threadsOf(pid);
  await pause(plan.idleMs);
  const idle_ms = await cpuSince(pid, before) / 1e3 / plan.idleMs;
  return {
    ...await visit(scene),
    ...await talk(scene),
    ...await roundTrips(scene),
    ...await ask(scene),
    idle_ms,
  };
}

/** Compiles what is measured, and lets the young half of the heap grow to its full size. */
async function warm(scene: Scene): Promise<void> {
  for (let turn = 0; turn < WARM_TURNS; turn++) {
    await grow(scene, WARM);
    await talk(scene);
    leave(scene.members.splice(0));
    await settle(scene.server.pid);
  }
}

async function grow(scene: Scene, count: number): Promise<void> {
  const serials = Array.from({ length: count }, (_, i) => scene.serial + i);
  scene.serial += count;
  // One by one: a call takes no more than some ten thousand arguments.
  for (const member of await join(scene.server.port, serials)) scene.members.push(member);
}

/** The CPU that the server takes for each of so many events. */
async function spent(
  { server: { pid } }: Scene,
  count: number,
  cause: () => Promise<unknown>,
): Promise<number> {
  const before = await threadsOf(pid);
  await cause();
  await settle(pid);
  return await cpuSince(pid, before) / count / 1e3;
}

/** Nanoseconds, of the threads that there are still: a thread that ended meanwhile would count against the others. */
async function cpuSince(pid: number, before: ReadonlyMap<string, number>): Promise<number> {
  let ns = 0;
  for (const [thread, now] of await threadsOf(pid)) ns += now - (before.get(thread) ?? 0);
  return ns;
}

/** Anybody leaves, and others come in their place. */
async function visit(scene: Scene): Promise<Metrics> {
  const { members, plan: { visits } } = scene;
  let [close, open] = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    const gone = Array.from({ length: Math.min(visits, members.length / 2) }, () => {
      const i = Math.floor(Math.random() * members.length);
      const last = members.pop() as Member;
      if (i === members.length) return last;
      const [member] = members.splice(i, 1, last);
      return member as Member;
    });
    close += await spent(scene, gone.length, () => Promise.resolve(leave(gone)));
    open += await spent(scene, gone.length, () => grow(scene, gone.length));
  }
  return { open_us: open / TURNS, close_us: close / TURNS };
}

/** Anybody sends to anybody, in bursts; then beats. */
async function talk(scene: Scene): Promise<Metrics> {
  const { members, plan: { messages, beats } } = scene;
  const anybody = (): Member => members[Math.floor(Math.random() * members.length)] as Member;
  const bursts = async (count: number, frame: () => Uint8Array<ArrayBuffer>): Promise<number> => {
    let us = 0;
    const turns = Math.ceil(count / BURST);
    for (let turn = 0; turn < turns; turn++) {
      const rows = Array.from({ length: BURST }, () => [anybody(), frame()] as const);
      us += await spent(scene, BURST, () => say(rows));
    }
    return us / turns;
  };
  return {
    message_us: await bursts(messages, () => encoded(messageTo(anybody().id, "OFFER"))),
    beat_us: await bursts(beats, () => HEARTBEAT),
  };
}

/** How long a message takes, at 500 a second. */
async function roundTrips({ server: { port }, plan: { pingMs } }: Scene): Promise<Metrics> {
  const clients = await openClients(port, 2, 1, 65_536);
  const [writer, reader] = clients;
  if (writer === undefined || reader === undefined) throw new Error("Nobody was opened");
  writer.load([messageTo(reader.id, "OFFER")], 1);
  const [sentAt, tookMs]: [number[], number[]] = [[], []];
  reader.onFrames = (count) => {
    for (let i = 0; i < count; i++) tookMs.push(performance.now() - (sentAt.shift() ?? NaN));
  };
  const startedAt = performance.now();
  for (let sent = 0, at = 0; at < pingMs; at = performance.now() - startedAt) {
    for (; sent * PING_EVERY_MS <= at; sent++) {
      sentAt.push(performance.now());
      writer.send(1);
    }
    await pause(1);
  }
  await Promise.all(clients.map((client) => client.close()));
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    p50_ms: sorted[Math.floor(sorted.length / 2)] ?? NaN,
    p99_ms: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
  };
}

/** The metrics, and the list of peers after somebody came, which is made anew then. */
async function ask(scene: Scene): Promise<Metrics> {
  const { server: { port }, admin, members, plan: { asks } } = scene;
  const peers = `http://127.0.0.1:${port}/peerjs/peers`;
  const [metricsMs, peersMs]: [number[], number[]] = [[], []];
  for (let i = 0; i <= asks; i++) {
    leave(members.splice(0, 1));
    await grow(scene, 1);
    // Longer than metrics are used again, and than a list of this length is.
    await pause(300 + members.length / 200);
    metricsMs.push(await timeOf(admin));
    peersMs.push(await timeOf(peers));
  }
  // The first opens the connection.
  const median = (values: readonly number[]): number => spreadOf(values.slice(1))[1];
  return { metrics_ms: median(metricsMs), peers_us: median(peersMs) * 1e3 / members.length };
}

async function timeOf(url: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} says ${response.status}`);
  return performance.now() - startedAt;
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}
