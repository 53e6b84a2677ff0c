/**
 * CPU time of a process and its threads as the kernel counts it, and cores to pin them to.
 *
 * @module
 */

/** The unit of `/proc/<pid>/stat` on Linux. */
const TICK_NS = 1e7;

/**
 * Nanoseconds of CPU that all threads of a process have had, in user and in kernel mode. Where the kernel keeps
 * no `schedstat`, in steps of 10 ms.
 */
export async function cpuNs(pid: number): Promise<number> {
  const threads = `/proc/${pid}/task`;
  let ns = 0;
  try {
    for await (const { name } of Deno.readDir(threads)) {
      ns += Number((await Deno.readTextFile(`${threads}/${name}/schedstat`)).split(" ", 1)[0]);
    }
    return ns;
  } catch (error) {
    // A thread that ended while the list was read: count again. A kernel without the file: count otherwise.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return ns > 0 ? await cpuNs(pid) : await cpuInTicks(pid);
  }
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

/** Where servers and load run. */
export interface Cores {
  /** Put before the command of a server. */
  readonly serverPrefix: readonly string[];
  /** What was done, in words. */
  readonly description: string;
}

/** Pins this process, all its threads included, to core 1, and servers to core 0, where that can be had. */
export async function pin(): Promise<Cores> {
  const own = ["-a", "-c", "-p", "1", `${Deno.pid}`];
  if (navigator.hardwareConcurrency < 2 || !await succeeds("taskset", own)) {
    return { serverPrefix: [], description: "not pinned: no taskset, or a single core" };
  }
  return {
    serverPrefix: ["taskset", "-c", "0"],
    description: "server on core 0, load on core 1",
  };
}

/** Settles after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function cpuInTicks(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_NS;
}
