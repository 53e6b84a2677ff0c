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

/** What a crowd that opened, and then closed, cost. Times of processors are in nanoseconds. */
export interface Visit {
  readonly done: number;
  /** From the first connect to the last `OPEN`. */
  readonly ms: number;
  readonly openNs: number;
  readonly closeNs: number;
  /** What the load took while it opened. */
  readonly loadNs: number;
}

/** Opens and closes a crowd. */
export async function visit(
  { port, pid }: Server,
  { size, inFlight }: { readonly size: number; readonly inFlight: number },
): Promise<Visit> {
  await settle(pid);
  const before = await cpuNs(pid);
  const loadBefore = await cpuNs(Deno.pid);
  const startedAt = performance.now();
  const crowd = await openCrowd(port, size, inFlight);
  const ms = performance.now() - startedAt;
  const loadNs = await cpuNs(Deno.pid) - loadBefore;
  await settle(pid);
  const opened = await cpuNs(pid);
  await closeAll(crowd);
  await settle(pid);
  const closeNs = await cpuNs(pid) - opened;
  return { done: crowd.length, ms, openNs: opened - before, closeNs, loadNs };
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
