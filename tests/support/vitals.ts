/** What a process takes, as the kernel counts it. */
import { assert } from "./assert.ts";

/** What a process takes. */
export interface Vitals {
  /** Resident memory, in bytes. */
  readonly rss: number;
  readonly descriptors: number;
}

/** The memory and the descriptors of a process that runs. */
export async function vitalsOf(pid: number): Promise<Vitals> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  let descriptors = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) descriptors++;
  return { rss: Number(kilobytes) * 1_024, descriptors };
}

/** The peak of the resident memory so far, in bytes. */
export async function peakRss(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

/** Takes down what a process takes now; what is returned asserts that its peak is less than that and so much more. */
export async function boundGrowth(
  { pid }: { readonly pid: number },
): Promise<(bytesMax: number, what?: string) => Promise<void>> {
  const { rss } = await vitalsOf(pid);
  return async (bytesMax, what = "it") => {
    const growth = await peakRss(pid) - rss;
    assert(growth < bytesMax, `${what} grew by ${growth} bytes`);
  };
}
