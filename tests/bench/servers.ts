/**
 * The servers that are measured, each a process of its own on a free port of this machine; and what a process takes.
 */
import type { Installed } from "../support/incumbent.ts";
import { collectOutput, kill } from "../support/output.ts";

/** How a server is started: a command that becomes the process that is measured. */
export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly folder: string;
  /** Settings of signalbox, without their prefix; an older checkout that does not know one only logs that. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly lines: readonly string[];
}

const START_MAX_MS = 60_000;
const ROOT = new URL("../../", import.meta.url).pathname;
const HERE = `${ROOT}tests/bench/`;
/** All servers say it alike: an event `listening`, and a port. */
const PORT = /"event":"listening".*"port":(\d+)/;
/** Variables of the environment that would be settings. */
const FOREIGN = /^(?:PORT|HOST|DENO_DEPLOY|PEERSERVER_.*)$/;
/** Room for the clients, and rates that are counted but never reached: one connection sends what thousands would. */
const SETTINGS = {
  ...{ PORT: "0", HOST: "127.0.0.1", LOG_FORMAT: "json", CONCURRENT_LIMIT: "10000" },
  ...{ FRAME_RATE: "1000000", FRAME_BURST: "1000000" },
  ...{ BYTE_RATE: "1073741824", BYTE_BURST: "1073741824" },
};

/** signalbox as a checkout has it, by default this one. */
export function signalbox(
  name: string,
  settings: Contender["settings"] = {},
  folder: string = ROOT,
): Contender {
  const command = [Deno.execPath(), "run", "-A", "main.ts"];
  return { name, command, folder, settings: { ...SETTINGS, ...settings } };
}

/** What any relay of JSON over WebSockets costs on this platform. */
export function bareRelay(): Contender {
  const command = [Deno.execPath(), "run", "-A", `${HERE}bare_relay.ts`];
  return { name: "bare relay", command, folder: HERE, settings: {} };
}

/** `npm:peer` as it is installed; it logs who comes and goes, as its command does. */
export function incumbent({ command }: Installed): Contender {
  return { name: "npm:peer", command, folder: ROOT, settings: {} };
}

/** What the incumbent is told: room for the clients. */
export const INCUMBENT_OPTIONS = { concurrent_limit: 10_000, log: true } as const;

/** Starts a server; settles when it listens, fails with what it printed if it ends before. */
export async function startServer(
  { name, command, folder, settings }: Contender,
  prefix: readonly string[],
): Promise<Server> {
  const [program = "", ...args] = [...prefix, ...command];
  const own = Object.entries(settings).map(([key, value]) => [`PEERSERVER_${key}`, value]);
  const kept = Object.entries(Deno.env.toObject()).filter(([key]) => !FOREIGN.test(key));
  const process = new Deno.Command(program, {
    args,
    cwd: folder,
    clearEnv: true,
    env: Object.fromEntries([...kept, ...own]),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { lines, first, finished } = collectOutput(process);
  const stop = async (): Promise<void> => {
    kill(process, "SIGKILL");
    await Promise.all([process.status, finished]);
  };
  try {
    const [, port] = PORT.exec(await first((line) => PORT.test(line), START_MAX_MS)) ?? [];
    return { name, pid: process.pid, port: Number(port), lines, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Pins this process to core 1; what to put before the command of a server, so that it runs on core 0. */
export async function pin(): Promise<readonly string[]> {
  const args = ["-a", "-c", "-p", "1", `${Deno.pid}`];
  const { success } = await new Deno.Command("taskset", { args }).output();
  if (!success) throw new Error("Cannot pin the load to core 1: this takes two cores");
  return ["taskset", "-c", "0"];
}

/** Nanoseconds of CPU that all threads of a process have had, in user and in kernel mode. */
export async function cpuNs(pid: number): Promise<number> {
  return (await threadsOf(pid)).values().reduce((sum, ns) => sum + ns, 0);
}

/** The same by thread: what a thread had is in no sum any more when it has ended. */
export async function threadsOf(pid: number): Promise<ReadonlyMap<string, number>> {
  const threads = new Map<string, number>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    // A thread may end while the list is read.
    const path = `/proc/${pid}/task/${name}/schedstat`;
    const text = await Deno.readTextFile(path).catch(() => null);
    if (text !== null) threads.set(name, Number(text.split(" ", 1)[0]));
  }
  return threads;
}

/** Waits until a process has had less than 1 ms of CPU in 100 ms, or 3 s have gone by. */
export async function settle(pid: number): Promise<void> {
  const end = performance.now() + 3_000;
  for (let before = await cpuNs(pid); performance.now() < end;) {
    await pause(100);
    const now = await cpuNs(pid);
    if (now - before < 1e6) return;
    before = now;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
