/**
 * Loads that contenders take in turns, slice by slice, all of them running at the same time.
 *
 * @module
 */
import { type Loop, openHeartbeats, openRelay, type Work } from "./closed_loop.ts";
import { type Contender, type Name, type Server, startServer } from "./contenders.ts";
import { type Visit, visit } from "./crowds.ts";
import type { Metrics } from "./metrics.ts";
import type { Plan } from "./plan.ts";
import { median } from "./statistics.ts";

/** A contender that runs, and its load. */
interface Entrant<N extends string> {
  readonly name: N;
  readonly server: Server;
  readonly loop: Loop;
  readonly works: Work[];
}

/** What is to be done: by whom, how much, and with what kind of load. */
export interface Turns<N extends string> {
  readonly contenders: readonly Contender<N>[];
  readonly plan: Plan;
  /** Put before the command of every server. */
  readonly prefix: readonly string[];
  readonly load: "relay" | "heartbeat";
}

/** The slices of each contender, after one that warms it up. */
export async function takeTurns<N extends string>(
  { contenders, plan, prefix, load }: Turns<N>,
): Promise<readonly { name: N; works: readonly Work[]; lost: number }[]> {
  await using stack = new AsyncDisposableStack();
  const entrants: Entrant<N>[] = [];
  for (const contender of contenders) {
    const server = stack.use(await startServer(contender, prefix));
    const loop = await (load === "relay" ? openRelay : openHeartbeats)(server, plan);
    entrants.push({ name: contender.name, server, loop, works: [] });
    await loop.run(plan.warmMs);
  }
  for (let slice = 0; slice < plan.slices; slice++) {
    for (const { loop, works } of slice % 2 === 0 ? entrants : entrants.toReversed()) {
      works.push(await loop.run(plan.sliceMs));
    }
  }
  for (const { loop } of entrants) await loop.close();
  return entrants.map(({ name, works, loop }) => ({ name, works, lost: loop.lost() }));
}

/** What the relaying of each contender gave, as the medians of its slices. */
export async function relayTurns(
  turns: Omit<Turns<Name>, "load">,
): Promise<ReadonlyMap<Name, Metrics>> {
  const taken = await takeTurns({ ...turns, load: "relay" });
  return new Map(taken.map(({ name, works, lost }) => [name, {
    relay_cpu_us: median(works.map(({ cpuUs }) => cpuUs)),
    relay_per_s: median(works.map(({ perSecond }) => perSecond)),
    relay_server_share: median(works.map(({ serverShare }) => serverShare)),
    relay_load_share: median(works.map(({ loadShare }) => loadShare)),
    relay_done: works.reduce((sum, { done }) => sum + done, 0),
    relay_lost: lost,
  }]));
}

/** What the heartbeats of each contender gave, in the same way. */
export async function heartbeatTurns(
  turns: Omit<Turns<Name>, "load">,
): Promise<ReadonlyMap<Name, Metrics>> {
  const taken = await takeTurns({ ...turns, load: "heartbeat" });
  return new Map(taken.map(({ name, works }) => [name, {
    heartbeat_cpu_us: median(works.map(({ cpuUs }) => cpuUs)),
    heartbeat_load_share: median(works.map(({ loadShare }) => loadShare)),
    heartbeat_done: works.reduce((sum, { done }) => sum + done, 0),
  }]));
}

/**
 * What opening costs each contender, and closing, as the sums of its turns: a collector that works in one turn of
 * ten works for all ten.
 */
export async function openTurns(
  { contenders, plan, prefix }: Omit<Turns<Name>, "load">,
): Promise<ReadonlyMap<Name, Metrics>> {
  await using stack = new AsyncDisposableStack();
  const { opens: size, opensBefore, opensInFlight: inFlight } = plan;
  const entrants: { readonly name: Name; readonly server: Server; readonly visits: Visit[] }[] = [];
  for (const contender of contenders) {
    const server = stack.use(await startServer(contender, prefix));
    await visit(server, { size: opensBefore, inFlight });
    entrants.push({ name: contender.name, server, visits: [] });
  }
  for (let turn = 0; turn < plan.openTurns; turn++) {
    for (const { server, visits } of turn % 2 === 0 ? entrants : entrants.toReversed()) {
      visits.push(await visit(server, { size, inFlight }));
    }
  }
  return new Map(entrants.map(({ name, visits }) => [name, openMetrics(visits)]));
}

function openMetrics(visits: readonly Visit[]): Metrics {
  const sum = (of: (visit: Visit) => number): number =>
    visits.reduce((total, visit) => total + of(visit), 0);
  const done = sum((visit) => visit.done);
  const ms = sum((visit) => visit.ms);
  const [openNs, closeNs] = [sum((visit) => visit.openNs), sum((visit) => visit.closeNs)];
  return {
    open_cpu_us: openNs / done / 1e3,
    open_close_cpu_us: (openNs + closeNs) / done / 1e3,
    open_per_s: done / ms * 1e3,
    open_load_share: sum((visit) => visit.loadNs) / ms / 1e6,
    open_done: done,
  };
}
