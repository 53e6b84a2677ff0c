/**
 * The measures by name: which contenders take part in each, and which metrics it gives.
 *
 * @module
 */
import { warmUp } from "./closed_loop.ts";
import { type Contender, type Name, type Server, startServer } from "./contenders.ts";
import { idle } from "./crowds.ts";
import type { Metrics } from "./metrics.ts";
import { type Latency, roundTrips } from "./open_loop.ts";
import type { Plan } from "./plan.ts";
import { median } from "./statistics.ts";
import { heartbeatTurns, openTurns, relayTurns } from "./turns.ts";

/** The names of the measures, as `--only` takes them. */
export const MEASURES = ["start", "relay", "latency", "open", "idle", "heartbeat"] as const;

/** The name of a measure. */
export type Measure = typeof MEASURES[number];

/** What a measure is done with. */
export interface Setup {
  readonly plan: Plan;
  /** Put before the command of every server. */
  readonly prefix: readonly string[];
}

/** Whether a contender takes part: the second signalbox only shows what the rate costs. */
export function takesPart(measure: Measure, name: Name): boolean {
  return name !== "signalbox, no rate" || measure === "relay" || measure === "heartbeat";
}

/** Does one measure with each contender, in processes that live for this alone. */
export async function take(
  measure: Measure,
  contenders: readonly Contender[],
  setup: Setup,
): Promise<ReadonlyMap<Name, Metrics>> {
  if (measure === "relay") return await relayTurns({ contenders, ...setup });
  if (measure === "heartbeat") return await heartbeatTurns({ contenders, ...setup });
  if (measure === "open") return await openTurns({ contenders, ...setup });
  const taken = new Map<Name, Metrics>();
  for (const contender of contenders) {
    taken.set(contender.name, await takeAlone(measure, contender, setup));
  }
  return taken;
}

async function takeAlone(
  measure: Exclude<Measure, "relay" | "heartbeat" | "open">,
  contender: Contender,
  { plan, prefix }: Setup,
): Promise<Metrics> {
  if (measure === "start") {
    return { start_ms: median(await starts(contender, plan.starts, prefix)) };
  }
  await using server = await startServer(contender, prefix);
  switch (measure) {
    case "latency":
      return await latencies(server, plan);
    case "idle": {
      const { bytes, beatUs, done } = await idle(server, plan);
      return { idle_bytes: bytes, idle_beat_us: beatUs, idle_done: done };
    }
  }
}

/** From the lowest rate to the highest; a server that cannot do one is not asked for more. */
async function latencies(server: Server, plan: Plan): Promise<Metrics> {
  await warmUp(server, plan);
  const metrics: Record<string, number | null> = {};
  let can = true;
  for (const rate of plan.rates) {
    const latency: Latency | null = can ? await roundTrips(server, rate, plan) : null;
    can = (latency?.p50 ?? null) !== null;
    const set = (what: string, value: number | null | undefined): void => {
      metrics[`latency_${rate}_${what}`] = value ?? null;
    };
    set("p50_us", latency?.p50);
    set("p99_us", latency?.p99);
    set("p999_us", latency?.p999);
    set("cpu_us", latency?.cpuUs);
    set("server_share", latency?.serverShare);
    set("late99_us", latency?.late99);
    set("done", latency?.trips);
  }
  return metrics;
}

async function starts(
  contender: Contender,
  count: number,
  prefix: readonly string[],
): Promise<readonly number[]> {
  const ms: number[] = [];
  for (let i = 0; i < count; i++) {
    await using server = await startServer(contender, prefix);
    ms.push(server.startMs);
  }
  return ms;
}
