/**
 * A Redis, or a sentinel, as a process that a test may kill, freeze and start again in the same place.
 *
 * @module
 */
import { createClient, ErrorReply } from "redis";
import type { Reply } from "../../adapters/cluster/scripts.ts";
import { collectOutput, kill } from "../support/output.ts";
import { freePort } from "./redis.ts";

export interface Daemon extends AsyncDisposable {
  readonly port: number;
  readonly pid: () => number;
  /** As option `cluster` takes it. */
  readonly url: string;
  /** Sends one command, over a connection of its own. */
  readonly send: (...words: readonly (string | number)[]) => Promise<Reply>;
  /** Freezes it, or lets it go on. */
  readonly freeze: (isFrozen: boolean) => void;
  /** Kills it, as a machine that loses its power does. */
  readonly kill: () => Promise<void>;
  /** Starts it again, on the same port, with what is in its folder: nothing, if it was never told to save. */
  readonly start: () => Promise<void>;
}

export interface DaemonOptions {
  readonly path: string;
  /** A port that is free; one is looked for without it. */
  readonly port?: number;
  /** Settings as on the command line. */
  readonly args?: readonly string[];
  /** What a password that it asks for is. */
  readonly password?: string;
}

/** Starts a Redis that writes to disk only when it is told to. */
export function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const settings = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"];
  return start(
    options,
    (port) => ["--port", `${port}`, ...settings],
    "Ready to accept connections",
  );
}

export interface SentinelOptions {
  readonly path: string;
  readonly name: string;
  readonly master: Daemon;
}

/** Starts the only sentinel of a master: it finds it dead after a second. */
export async function startSentinel({ path, name, master }: SentinelOptions): Promise<Daemon> {
  const port = freePort();
  const config = await Deno.makeTempFile();
  await Deno.writeTextFile(
    config,
    `port ${port}
sentinel monitor ${name} 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds ${name} 1000
sentinel failover-timeout ${name} 3000
`,
  );
  const daemon = await start({ path, port }, () => [config, "--sentinel"], "+monitor master");
  // It asks who is master and who replica every 10 s otherwise, and waits for 8 s before it makes a master a replica.
  await daemon.send("SENTINEL", "DEBUG", "info-period", 500, "publish-period", 500);
  return {
    ...daemon,
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      await Deno.remove(config);
    },
  };
}

async function start(
  { path, port = freePort(), args = [], password }: DaemonOptions,
  argsFor: (port: number) => readonly string[],
  ready: string,
): Promise<Daemon> {
  const folder = await Deno.makeTempDir();
  let pid = 0;
  let stop = await run();

  async function run(): Promise<(signal: Deno.Signal) => Promise<void>> {
    const process = new Deno.Command(path, {
      args: [...argsFor(port), "--bind", "127.0.0.1", "--dir", folder, ...args],
      ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
    }).spawn();
    const output = collectOutput(process);
    pid = process.pid;
    await output.first((line) => line.includes(ready));
    return async (signal) => {
      kill(process, signal);
      await process.status;
      await output.finished;
    };
  }

  return {
    port,
    pid: () => pid,
    url: `redis://127.0.0.1:${port}`,
    send: async (...words) => {
      for (let left = SENDS_MAX;; left--) {
        try {
          return await sendOnce(port, words.map(String), password);
        } catch (error) {
          // A replica that is promoted ends all connections.
          if (error instanceof ErrorReply || left === 1) throw error;
        }
      }
    },
    freeze: (isFrozen) => Deno.kill(pid, isFrozen ? "SIGSTOP" : "SIGCONT"),
    kill: () => stop("SIGKILL"),
    start: async () => {
      stop = await run();
    },
    [Symbol.asyncDispose]: async () => {
      await stop("SIGKILL");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** How often a command is sent whose connection ends. */
const SENDS_MAX = 5;

async function sendOnce(port: number, words: readonly string[], password?: string): Promise<Reply> {
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    ...(password !== undefined && { password }),
    socket: { host: "127.0.0.1", port, reconnectStrategy: false },
  });
  // Whoever waits for an answer learns of its end.
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand<Reply>([...words]);
  } finally {
    client.destroy();
  }
}
