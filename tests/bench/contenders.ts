/**
 * The servers that are held against each other, each as a process of its own on a free port of this machine.
 *
 * @module
 */
import { spawnMain } from "../support/main.ts";
import { collectOutput } from "../support/output.ts";

/** Who is measured, in the order of print. */
export const NAMES = ["bare relay", "signalbox", "signalbox, no rate", "npm:peer"] as const;

/** One of them. */
export type Name = typeof NAMES[number];

/** How a contender is started: a command that becomes the process that is measured. */
export interface Contender<N extends string = Name> {
  readonly name: N;
  readonly spawn: (prefix: readonly string[]) => Deno.ChildProcess;
}

/** A server that listens. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from the start of the process until it said that it listens. */
  readonly startMs: number;
}

/** Longest that a server may take to listen, an empty module cache included. */
const START_MAX_MS = 60_000;

/**
 * What signalbox needs to be measured: room for the clients, and a rate that is counted but never reached, since
 * the load of a thousand clients comes over one connection here.
 */
const ROOM = ["--port=0", "--host=127.0.0.1", "--concurrent_limit=10000"];
const RATE = [
  "--frame_rate=1000000",
  "--frame_burst=1000000",
  "--byte_rate=1073741824",
  "--byte_burst=1073741824",
];

/** The contenders, the ceiling of the platform first; `incumbent` is the command that runs `npm:peer`. */
export function contendersFor(incumbent: readonly string[]): readonly Contender[] {
  const relay = [
    Deno.execPath(),
    "run",
    "-A",
    new URL("./bare_relay.ts", import.meta.url).pathname,
  ];
  return [
    { name: "bare relay", spawn: (prefix) => spawn([...prefix, ...relay]) },
    { name: "signalbox", spawn: (prefix) => spawnMain([...ROOM, ...RATE], {}, prefix) },
    {
      name: "signalbox, no rate",
      spawn: (prefix) => spawnMain([...ROOM, "--frame_rate=0", "--byte_rate=0"], {}, prefix),
    },
    { name: "npm:peer", spawn: (prefix) => spawn([...prefix, ...incumbent]) },
  ];
}

/** Starts a contender; settles when it listens, fails with what it printed if it ends before. */
export async function startServer(
  contender: Contender<string>,
  prefix: readonly string[],
): Promise<Server> {
  const startedAt = performance.now();
  const process = contender.spawn(prefix);
  const output = collectOutput(process);
  const stop = async (): Promise<void> => {
    kill(process);
    await Promise.all([process.status, output.finished]);
  };
  try {
    const line = await output.first((line) => portIn(line) !== null, START_MAX_MS);
    const startMs = performance.now() - startedAt;
    return {
      pid: process.pid,
      port: portIn(line) ?? 0,
      startMs,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All three say it alike: an event `listening`, and a port. */
function portIn(line: string): number | null {
  if (!line.includes('"event":"listening"')) return null;
  const port = /"port":(\d+)/.exec(line)?.[1];
  return port === undefined ? null : Number(port);
}

function spawn([command = "", ...args]: readonly string[]): Deno.ChildProcess {
  const options = { args, stdin: "null", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(command, options).spawn();
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}
