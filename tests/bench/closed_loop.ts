/**
 * Closed loops: as much as the server can do, with so many messages under way all the time.
 *
 * A loop runs for a while and is still again, so that contenders can take turns within a second: a machine
 * that is shared changes its speed faster than a long measurement is over.
 *
 * @module
 */
import { cpuNs, pause } from "./cpu.ts";
import type { Server } from "./contenders.ts";
import { HEARTBEAT } from "./messages.ts";
import { abortPairs, closePairs, openPairs, type Pair } from "./pairs.ts";
import type { Plan } from "./plan.ts";

/** What a load did in one run. */
export interface Work {
  readonly done: number;
  readonly perSecond: number;
  /** CPU of the server for each, in microseconds. */
  readonly cpuUs: number;
  /** CPU of the server and of the load, of one core each. */
  readonly serverShare: number;
  readonly loadShare: number;
}

/** A load that waits to be run. */
export interface Loop {
  /** Loads the server for so many milliseconds, and until what is under way then has arrived. */
  readonly run: (ms: number) => Promise<Work>;
  /** How many frames never arrived. */
  readonly lost: () => number;
  readonly close: () => Promise<void>;
}

/** Longest that a server may take for what is under way when a run ends. */
const DRAIN_MAX_MS = 20_000;

/** Each message that arrives sends the next one back. */
export async function openRelay(server: Server, plan: Plan): Promise<Loop> {
  const pairs = await openPairs(server.port, plan.pairs, plan.inFlight);
  return loopOf(server, pairs, { first: plan.inFlight / 2, worth: 1 });
}

/**
 * Every client sends heartbeats, and behind each `plan.heartbeats` of them a message to itself, which shows when
 * the server is through with them: the message is counted as one more heartbeat.
 */
export async function openHeartbeats(server: Server, plan: Plan): Promise<Loop> {
  const pairs = await openPairs(server.port, plan.heartbeatPairs, 1);
  for (const client of pairs.flatMap(({ a, b }) => [a, b])) {
    const mark = JSON.stringify({ type: "CANDIDATE", dst: client.id });
    client.loadRow([...Array.from({ length: plan.heartbeats }, () => HEARTBEAT), mark]);
  }
  return loopOf(server, pairs, { first: 2, worth: plan.heartbeats + 1 });
}

/** Relays for a while: what the compilers of the platform need to see before a server is itself. */
export async function warmUp(server: Server, plan: Plan): Promise<void> {
  const loop = await openRelay(server, plan);
  await loop.run(plan.warmMs);
  await loop.close();
}

/** `first` is what each client sends to begin with; `worth`, how much a frame that arrives stands for. */
function loopOf(
  server: Server,
  pairs: readonly Pair[],
  { first, worth }: { readonly first: number; readonly worth: number },
): Loop {
  const clients = pairs.flatMap(({ a, b }) => [a, b]);
  let received = 0;
  let sent = 0;
  let goesOn = false;
  for (const client of clients) {
    client.onFrames = (count): void => {
      received += count;
      if (!goesOn) return;
      sent += count;
      client.send(count);
    };
  }

  async function run(ms: number): Promise<Work> {
    const before = await snapshot(server, received * worth);
    goesOn = true;
    for (const client of clients) {
      sent += first;
      client.send(first);
    }
    await pause(ms);
    goesOn = false;
    await until(() => received >= sent);
    return workOf(before, await snapshot(server, received * worth));
  }

  async function close(): Promise<void> {
    if (received >= sent) await closePairs(pairs);
    else abortPairs(pairs);
  }

  return { run, lost: () => sent - received, close };
}

interface Snapshot {
  readonly server: number;
  readonly load: number;
  readonly at: number;
  readonly done: number;
}

async function snapshot({ pid }: Server, done: number): Promise<Snapshot> {
  const load = await cpuNs(Deno.pid);
  const server = await cpuNs(pid);
  return { server, load, at: performance.now(), done };
}

function workOf(before: Snapshot, after: Snapshot): Work {
  const done = after.done - before.done;
  if (done === 0) throw new Error("Cannot measure: the server did nothing");
  const ms = after.at - before.at;
  const cpu = after.server - before.server;
  return {
    done,
    perSecond: done / ms * 1e3,
    cpuUs: cpu / done / 1e3,
    serverShare: cpu / ms / 1e6,
    loadShare: (after.load - before.load) / ms / 1e6,
  };
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + DRAIN_MAX_MS;
  while (!isSo() && performance.now() < end) await pause(1);
}
