/**
 * A server whose clients are spread over several threads, as the program uses it.
 *
 * @module
 */
import { StartError } from "../errors.ts";
import type { Listener } from "../listen/listener.ts";
import { logWorkers, WORKERS_LOG } from "../observe/log_workers.ts";
import type { SizedField } from "../../core/mod.ts";
import type { Ask } from "../admin/questions.ts";
import { Crew, type CrewOptions, LAUNCH_DESCRIPTORS } from "./crew.ts";
import { checkUnshared, freePort } from "./shared_port.ts";

/** A listener on a port that workers share. */
export interface Workers extends Listener {
  /** The sizes of what all of them hold together. */
  readonly sizes: () => Promise<Readonly<Record<SizedField, number>>>;
  /** Has every worker close its clients within `ms`. Settles when that is over. */
  readonly drain: (ms: number) => Promise<void>;
  /** Asks all workers, for the operator. */
  readonly ask: Ask;
  /** How many workers took the place of another. */
  readonly replacements: () => number;
}

/** How much longer than asked for a drain may take. */
const DRAIN_SPARE_MS = 1_000;

/** How long it may take to read the TLS files. */
const RELOAD_MAX_MS = 10_000;

/**
 * Starts workers. Settles when all listen.
 *
 * @throws {StartError} If the port cannot be bound, or a worker cannot start.
 */
export async function startWorkers(
  options: Omit<CrewOptions, "events" | "port">,
): Promise<Workers> {
  if (!("listenDatagram" in Deno) && options.settings.listener === "deno") {
    throw new StartError(
      "Option workers: Deno shares a port only with --unstable-net, which the deno.json of the server has: " +
        "start it with deno run --unstable-net.",
      2,
    );
  }
  await checkDescriptors(options);
  const port = await freePort(options.settings);
  const crew = new Crew({ ...options, port, events: WORKERS_LOG });
  const cannotReload = await crew.start();
  try {
    await checkUnshared(port);
  } catch (error) {
    await crew.stop();
    throw error;
  }
  logWorkers(options.size);
  return {
    port,
    stop: () => crew.stop(),
    reload: cannotReload ?? (async () => {
      await crew.callEach("reload", null, RELOAD_MAX_MS);
    }),
    sizes: async () => sumOf(await crew.callAll("sizes", null)),
    drain: async (ms) => {
      await crew.callAll("drain", ms, ms + DRAIN_SPARE_MS);
    },
    ask: (what, argument, maxMs) => crew.ask(what, argument, maxMs),
    replacements: () => crew.replacements,
  };
}

/** @throws {StartError} If a thread could not start, which would end the process. */
async function checkDescriptors(
  { size, freeDescriptors }: Pick<CrewOptions, "freeDescriptors" | "size">,
): Promise<void> {
  const free = await freeDescriptors();
  const needed = size * WORKER_DESCRIPTORS + LAUNCH_DESCRIPTORS;
  if (free === null || free >= needed) return;
  throw new StartError(
    `Option workers: ${size} need ${needed} file descriptors, and the process may have ${free} more: raise the limit ` +
      "(ulimit -n), or start fewer.",
    1,
  );
}

/** What a thread takes, and some more. */
const WORKER_DESCRIPTORS = 12;

function sumOf(
  all: readonly Readonly<Record<SizedField, number>>[],
): Readonly<Record<SizedField, number>> {
  const [first, ...others] = all;
  if (first === undefined) throw new Error("No worker answers");
  const sum: Record<SizedField, number> = { ...first };
  const fields = Object.keys(sum) as SizedField[];
  for (const sizes of others) for (const field of fields) sum[field] += sizes[field];
  return sum;
}
