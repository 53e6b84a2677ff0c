/**
 * How many workers share the port.
 *
 * @module
 */
import { OPTIONS, type Settings } from "../../core/mod.ts";
import { isDeploy } from "./environment.ts";

export interface WorkerCount {
  /** 1 for no workers. */
  readonly count: number;
  /** Why it is 1 though more are asked for; `null` if it is not so. */
  readonly why: string | null;
}

/** @param given Option `workers`; 0 for one a core. */
export function countWorkers({ workers }: Pick<Settings, "workers">): WorkerCount {
  const most = OPTIONS.workers.max;
  const wanted = workers === 0 ? Math.min(most, navigator.hardwareConcurrency) : workers;
  const why = wanted === 1 ? null : cannotShare();
  if (why === null) return { count: wanted, why };
  return { count: 1, why: workers === 0 ? null : why };
}

/** Why threads cannot share a port here; `null` if they can. */
function cannotShare(): string | null {
  if (isDeploy()) return "Deno Deploy starts more processes by itself";
  // Elsewhere the system gives all connections to one of them, or refuses.
  if (Deno.build.os !== "linux") return `${Deno.build.os} does not spread connections over them`;
  return null;
}
