/**
 * The server as its users run it: a child process on a free port, read through its own log. Nothing here waits for a
 * fixed time: the bounds only turn a hang into a failure.
 */
import { spawnMain } from "./main.ts";
import { ANSWER_MAX_MS, collectOutput, kill } from "./output.ts";

/** Longest that a child may take to listen, an empty module cache included. */
const START_MAX_MS = 60_000;
export interface ChildOptions {
  /** Flags after those that every child gets: a free port, 127.0.0.1, a log of JSON lines. */
  readonly args?: readonly string[];
  /** Variables on top of the environment; the server's own settings are never inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** What starts it: a command that becomes the one behind it, such as `prlimit --nofile=150`. */
  readonly prefix?: readonly string[];
  /** The flags of Deno for what it may do; without them it may do everything. */
  readonly permissions?: readonly string[];
  /** The Deno that runs it, if not the one that runs the test (`old_deno.ts`). */
  readonly deno?: string;
  /** Starts it as a hosting platform does: without any flag, also those that every child gets. */
  readonly isHosted?: boolean;
}

export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  /** `http://127.0.0.1:<port><path>`, ends in a slash. */
  readonly url: string;
  /** `ws://127.0.0.1:<port><path>peerjs`, without a query. */
  readonly wsUrl: string;
  /** What it printed so far, stdout and stderr in the order of arrival. */
  readonly lines: readonly string[];
  /** First line, printed already or still to come, that fits; fails if the child ends without one. */
  nextLine(predicate: (line: string) => boolean): Promise<string>;
  /** The sizes of all its maps, as it logs them on SIGUSR2. */
  sizes(): Promise<Record<string, number>>;
  /** Settles when it has ended, whoever ended it. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** Sends the signal, SIGTERM if none is named, and waits for the end; again, it gives the same status. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** Starts the server; resolves when it listens, fails with its output if it ends before. */
export async function startChild(options: ChildOptions = {}): Promise<Child> {
  const process = spawn(options);
  const output = collectOutput(process);
  const ended = output.finished.then(() => process.status);

  async function stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    kill(process, signal);
    const timer = setTimeout(() => kill(process, "SIGKILL"), ANSWER_MAX_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  }

  async function sizes(): Promise<Record<string, number>> {
    const seen = output.lines.length;
    kill(process, "SIGUSR2");
    const isIt = (line: string): boolean =>
      line.includes('"event":"sizes"') && output.lines.indexOf(line) >= seen;
    return JSON.parse(await output.first(isIt)).properties.sizes;
  }

  try {
    const line = await output.first((line) => listening(line) !== undefined, START_MAX_MS);
    const { port, path } = listening(line) ?? { port: 0, path: "/" };
    const prefix = path.endsWith("/") ? path : `${path}/`;
    return {
      pid: process.pid,
      port,
      path,
      url: `http://127.0.0.1:${port}${prefix}`,
      wsUrl: `ws://127.0.0.1:${port}${prefix}peerjs`,
      lines: output.lines,
      nextLine: (predicate) => output.first(predicate, ANSWER_MAX_MS),
      sizes,
      ended,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

function spawn(options: ChildOptions): Deno.ChildProcess {
  const { args = [], env = {}, prefix = [], isHosted = false } = options;
  const flags = ["--port", "0", "--host", "127.0.0.1", "--log_format", "json", ...args];
  return spawnMain(isHosted ? [] : flags, env, prefix, options);
}

/** Where the server listens, if this line of its log says so. */
function listening(line: string): { port: number; path: string } | undefined {
  const isIt = line.includes('"event":"listening"') || line.includes(" Listening on ");
  const [, port, path] = /https?:\/\/[^\s/]+:(\d+)(\/[^\s;"\\]*);/.exec(line) ?? [];
  return isIt && path !== undefined ? { port: Number(port), path } : undefined;
}
