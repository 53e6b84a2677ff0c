/**
 * What connections cost: to open, to close, and to have.
 *
 * @module
 */
import { vitalsOf } from "../support/vitals.ts";
import type { Server } from "./contenders.ts";
import { cpuNs, pause, settle } from "./cpu.ts";
import { closeAll, openCrowd } from "./pairs.ts";
import type { Plan } from "./plan.ts";

/** What a crowd that opens, and then closes, costs. */
export interface Opens {
  readonly done: number;
  readonly perSecond: number;
  /** CPU of the server for each, in microseconds, from the first connect to the last `OPEN`. */
  readonly openUs: number;
  /** The same until the last connection is closed. */
  readonly openAndCloseUs: number;
  /** CPU of the load while it opened, of one core. */
  readonly loadShare: number;
}

/** Opens and closes a crowd, after a smaller one that warms the server up. */
export async function openAndClose({ port, pid }: Server, plan: Plan): Promise<Opens> {
  await closeAll(await openCrowd(port, plan.opensBefore, plan.opensInFlight));
  await settle(pid);
  const before = await cpuNs(pid);
  const loadBefore = await cpuNs(Deno.pid);
  const startedAt = performance.now();
  const crowd = await openCrowd(port, plan.opens, plan.opensInFlight);
  const ms = performance.now() - startedAt;
  const load = await cpuNs(Deno.pid) - loadBefore;
  await settle(pid);
  const opened = await cpuNs(pid);
  await closeAll(crowd);
  await settle(pid);
  const closed = await cpuNs(pid);
  return {
    done: crowd.length,
    perSecond: crowd.length / ms * 1e3,
    openUs: (opened - before) / crowd.length / 1e3,
    openAndCloseUs: (closed - before) / crowd.length / 1e3,
    loadShare: load / ms / 1e6,
  };
}

/** Resident bytes for each idle connection, of `plan.idle` beside some that were there before. */
export async function idleBytes(
  { port, pid }: Server,
  plan: Plan,
): Promise<{ readonly bytes: number; readonly done: number }> {
  const first = await openCrowd(port, plan.idleBefore, plan.opensInFlight);
  await pause(plan.idleSettleMs);
  const before = (await vitalsOf(pid)).rss;
  const crowd = await openCrowd(port, plan.idle, plan.opensInFlight);
  await pause(plan.idleSettleMs);
  const after = (await vitalsOf(pid)).rss;
  await closeAll([...first, ...crowd]);
  return { bytes: (after - before) / crowd.length, done: crowd.length };
}
