/**
 * What connections cost: to open, to close, and to have.
 *
 * @module
 */
import { vitalsOf } from "../support/vitals.ts";
import type { Client } from "./client.ts";
import type { Server } from "./contenders.ts";
import { cpuNs, pause, settle } from "./cpu.ts";
import { HEARTBEAT } from "./messages.ts";
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

/** What an idle client costs. */
export interface Idle {
  /** Resident bytes for each connection, of `plan.idle` beside some that were there before. */
  readonly bytes: number;
  /** CPU of the server for each heartbeat while each client sends one every 5 s, in microseconds. */
  readonly beatUs: number;
  readonly done: number;
}

/** Opens a crowd that only beats, and looks at what it takes. */
export async function idle({ port, pid }: Server, plan: Plan): Promise<Idle> {
  const first = await openCrowd(port, plan.idleBefore, plan.opensInFlight);
  await pause(plan.idleSettleMs);
  const before = (await vitalsOf(pid)).rss;
  const crowd = await openCrowd(port, plan.idle, plan.opensInFlight);
  await pause(plan.idleSettleMs);
  const after = (await vitalsOf(pid)).rss;
  const all = [...first, ...crowd];
  const beatUs = await beat(pid, all, plan.idleBeatMs);
  await closeAll(all);
  return { bytes: (after - before) / crowd.length, beatUs, done: crowd.length };
}

/** Unlike in a closed loop they come one by one, and each wakes the server up. */
async function beat(pid: number, clients: readonly Client[], ms: number): Promise<number> {
  const periodMs = HEARTBEAT_MS / clients.length;
  for (const client of clients) client.load(HEARTBEAT, 1);
  await settle(pid);
  const before = await cpuNs(pid);
  const startedAt = performance.now();
  let sent = 0;
  for (let at = 0; at < ms; at = performance.now() - startedAt) {
    for (; sent * periodMs <= at; sent++) clients[sent % clients.length]?.send(1);
    await pause(1);
  }
  await settle(pid);
  return (await cpuNs(pid) - before) / sent / 1e3;
}

/** How often the stock client beats. */
export const HEARTBEAT_MS = 5_000;
