/**
 * Starts the real incumbent (`npm:peer` 1.0.2) on a free port of this machine, to be held against ours.
 *
 * Both of its output streams are read to their end, and `stop` waits for that and for the process, so that
 * a test leaves nothing behind.
 *
 * @module
 */
import { within } from "./peer_socket.ts";

/** The settings of the incumbent that the tests use; the names are the incumbent's own. Times are in milliseconds. */
export interface IncumbentOptions {
  readonly key?: string;
  readonly path?: string;
  readonly expire_timeout?: number;
  readonly alive_timeout?: number;
  readonly concurrent_limit?: number;
  readonly allow_discovery?: boolean;
  /** How often it looks for messages whose time has come; its default is 1,000. */
  readonly cleanup_out_msgs?: number;
  /** What its command makes of `--cors`. */
  readonly corsOptions?: { readonly origin: readonly string[] };
}

/** A running incumbent. */
export interface Incumbent extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port><path>`, ends in a slash. */
  readonly url: string;
  /** `ws://127.0.0.1:<port><path>peerjs`, without a query. */
  readonly wsUrl: string;
  /** Sends SIGTERM; settles when the incumbent has acted on it, which does not mean that it ends. */
  interrupt(): Promise<void>;
  /** Ends the process at once. */
  stop(): Promise<void>;
}

/** Starts an incumbent; settles when it listens, fails with what it wrote if it ends before that. */
export async function startIncumbent(options: IncumbentOptions = {}): Promise<Incumbent> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, JSON.stringify(options)],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = listen(child.stdout);
  const complaints = new Response(child.stderr).text();
  const stop = async (): Promise<void> => {
    kill(child, "SIGKILL");
    await Promise.all([child.status, said.done, complaints]);
  };
  try {
    const port = await within(said.port, START_MAX_MS, "Cannot start the incumbent: no port");
    const interrupt = async (): Promise<void> => {
      kill(child, "SIGTERM");
      await within(said.stopping, START_MAX_MS, "Cannot interrupt the incumbent: no answer");
    };
    const { path = "/" } = options;
    const prefix = path.endsWith("/") ? path : `${path}/`;
    return {
      port,
      url: `http://127.0.0.1:${port}${prefix}`,
      wsUrl: `ws://127.0.0.1:${port}${prefix}peerjs`,
      interrupt,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (cause) {
    await stop();
    throw new Error(`Cannot start the incumbent; it wrote: ${await complaints}`, { cause });
  }
}

/** What the incumbent's own command, `peerjs`, prints when it is asked for help. */
export async function incumbentHelp(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "npm:peer@1.0.2/peerjs", "--help"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return new TextDecoder().decode(stdout);
}

const MAIN = new URL("./incumbent_main.ts", import.meta.url).href;
const START_MAX_MS = 20_000;

interface Said {
  readonly port: Promise<number>;
  readonly stopping: Promise<void>;
  /** Settles when the stream ends. */
  readonly done: Promise<void>;
}

/** Reads what the program says; what it ended without saying is a failure of whoever waits for it. */
function listen(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Said {
  const port = Promise.withResolvers<number>();
  const stopping = Promise.withResolvers<void>();
  // Nobody need be waiting for either.
  port.promise.catch(() => {});
  stopping.promise.catch(() => {});
  const read = async (): Promise<void> => {
    let text = "";
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const said: { event: string; port: number } = JSON.parse(line);
        if (said.event === "listening") port.resolve(said.port);
        if (said.event === "stopping") stopping.resolve();
      }
    }
    const ended = new Error("The incumbent ended");
    port.reject(ended);
    stopping.reject(ended);
  };
  return { port: port.promise, stopping: stopping.promise, done: read() };
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}
