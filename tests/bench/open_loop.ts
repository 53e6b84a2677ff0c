/**
 * The open loop: round trips that begin when they are due, whatever the server does, timed from that instant.
 *
 * A server that falls behind is thereby seen to, in every round trip that had to wait: nothing is left out
 * because the load waited with it. The load looks at the clock all the time, so it takes a whole core.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Server } from "./contenders.ts";
import { cpuNs } from "./cpu.ts";
import { abortPairs, closePairs, openPairs, type Pair } from "./pairs.ts";
import type { Plan } from "./plan.ts";
import { percentile } from "./statistics.ts";

/** Round trips at a rate, in microseconds. Three are `null` where the server cannot do so many. */
export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  /** How late after its due time the load sent, at the 99th percentile: its own share in the figures. */
  readonly late99: number | null;
  /** The round trips that were measured. */
  readonly trips: number;
  /** CPU of the server for each message, in microseconds; `null` where it cannot do the rate. */
  readonly cpuUs: number | null;
  /** CPU of the server, of one core: who cannot do a rate should have had all of it. */
  readonly serverShare: number;
}

/** Messages that one write takes, where several are due at once. */
const PORTION = 64;

/** Longest that a server may take for what is under way when the last message is sent. */
const DRAIN_MAX_MS = 20_000;

/** Offers and answers at `rate` messages a second, after a warm-up at the same rate. */
export async function roundTrips(
  server: Server,
  rate: number,
  plan: Plan,
): Promise<Latency> {
  const pairs = await openPairs(server.port, plan.pairs, PORTION);
  const first = { at: performance.now(), cpu: await cpuNs(server.pid) };
  const run = startRun(pairs, { rate, plan });
  const warm = run.warm.then(() => cpuNs(server.pid));
  const isDone = await run.done;
  const ms = performance.now() - first.at;
  const cpu = await cpuNs(server.pid);
  if (isDone) await closePairs(pairs);
  else abortPairs(pairs);
  const us = (values: readonly number[], p: number): number | null =>
    values.length === 0 ? null : percentile(Float64Array.from(values).sort(), p) * 1e3;
  const took = isDone ? run.took : [];
  return {
    p50: us(took, 0.5),
    p99: us(took, 0.99),
    p999: us(took, 0.999),
    late99: us(run.late, 0.99),
    trips: run.took.length,
    cpuUs: isDone ? (cpu - await warm) / took.length / 2 / 1e3 : null,
    serverShare: (cpu - first.cpu) / ms / 1e6,
  };
}

interface Run {
  /** Milliseconds that each measured round trip took, and how late each was begun. */
  readonly took: readonly number[];
  readonly late: readonly number[];
  /** Settles when the warm-up is over. */
  readonly warm: Promise<void>;
  /** `false` where the server fell behind for good. */
  readonly done: Promise<boolean>;
}

function startRun(
  pairs: readonly Pair[],
  { rate, plan }: { readonly rate: number; readonly plan: Plan },
): Run {
  const periodMs = 2_000 / rate;
  const uncounted = Math.round(plan.warmMs / periodMs);
  const total = uncounted + Math.round(plan.measureMs / periodMs);
  const behindMax = plan.behindMaxMs / periodMs;
  const took: number[] = [];
  const late: number[] = [];
  const warm = Promise.withResolvers<void>();
  let next = 0;
  let back = 0;
  const begunAt = performance.now();

  // The n-th answer of a pair belongs to its n-th offer: the order to one destination is kept.
  pairs.forEach(({ a, b }, i) => {
    let trip = i;
    b.onFrames = (count): void => b.send(count);
    a.onFrames = (count): void => {
      const now = performance.now();
      for (let n = 0; n < count; n++, trip += pairs.length) {
        if (trip >= uncounted) took.push(now - begunAt - trip * periodMs);
      }
      back += count;
    };
  });

  function sendDue(): void {
    for (let dueMs = next * periodMs; next < total; dueMs = next * periodMs) {
      const lateMs = performance.now() - begunAt - dueMs;
      if (lateMs < 0) return;
      if (next === uncounted) warm.resolve();
      if (next >= uncounted) late.push(lateMs);
      pairs[next++ % pairs.length]?.a.send(1);
    }
  }

  async function spin(): Promise<boolean> {
    for (; next < total; await turn()) {
      sendDue();
      if (next - back > behindMax) break;
    }
    warm.resolve();
    if (next - back > behindMax / 4) return false;
    const end = performance.now() + DRAIN_MAX_MS;
    while (back < total && performance.now() < end) await turn();
    return back >= total;
  }

  return { took, late, warm: warm.promise, done: spin() };
}

/** Settles after one turn of the event loop, which never sleeps meanwhile. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
