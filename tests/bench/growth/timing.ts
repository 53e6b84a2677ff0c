/** How events are timed in a crowd: in batches, of which what prepares them does not count. */
import process from "node:process";
import { messageTo } from "../measures.ts";

/** How many events are timed at once: few beside the smallest crowd. */
export const BATCH = 100;
/** How many frames, which leave the crowd as it is. */
export const FRAMES = 1_000;
/** How many clients take part in what is measured among the same few. */
export const FEW = 1_000;
/** A crowd in which everything is done before anything counts, so that it is compiled. */
export const WARM_SIZE = 1_000;

export const HEARTBEAT = '{"type":"HEARTBEAT"}';

/** What every offer begins with, up to its destination. */
const OFFER = messageTo("", "OFFER").replace(/""}$/, "");

/** An offer, which is one text only when it is read: so many that wait to be sent are no work for the collector. */
export function offerTo(dst: string): string {
  return `${OFFER}"${dst}"}`;
}

/** As long as an id of the stock client, and as random. */
export function idOf(serial: number): string {
  const part = (salt: number, length: number): string =>
    (Math.imul(serial + salt, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0").slice(0, length);
  const last = serial.toString(16).padStart(12, "0");
  return `${part(1, 8)}-${part(7_919, 4)}-${part(104_729, 4)}-${part(1_299_709, 4)}-${last}`;
}

/** Numbers below `below`, the same in each run. */
export function randomly(below: number, from = 0): () => number {
  let seed = Math.imul(from + 1, 0x9e3779b1) >>> 0;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
}

/**
 * Microseconds of CPU that each of the prepared events takes, in the mean of so many batches. All threads count, so the
 * collector's do, and other processes do not.
 */
export function timed<T>(
  batches: number,
  prepare: () => readonly T[],
  run: (one: T) => void,
): number {
  let [us, count] = [0, 0];
  for (let i = 0; i < batches; i++) {
    const prepared = prepare();
    const before = cpuUs();
    for (const one of prepared) run(one);
    us += cpuUs() - before;
    count += prepared.length;
  }
  return us / count;
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

export function batchOf<T>(make: () => T, length = BATCH): readonly T[] {
  return Array.from({ length }, make);
}

/** Takes anybody out, and leaves the others in their order. In place: a copy would be work for the collector. */
export function takeAny<T>(members: T[], next: () => number): readonly T[] {
  const chosen = new Set(batchOf(next));
  const gone: T[] = [];
  let kept = 0;
  for (const [i, member] of members.entries()) {
    if (chosen.has(i)) gone.push(member);
    else members[kept++] = member;
  }
  members.length = kept;
  return gone;
}

export function pick<T>(members: readonly T[], i: number): T {
  const member = members[i];
  if (member === undefined) throw new RangeError(`Cannot pick ${i} of ${members.length}`);
  return member;
}

/** What is live, after two collections: the first may leave what the second can free. */
export function heapUsed(): number {
  collect();
  collect();
  return Deno.memoryUsage().heapUsed;
}

/** Collects all garbage, so that nobody pays for what others left. */
function collect(): void {
  const { gc } = globalThis as { readonly gc?: () => void };
  if (gc === undefined) throw new Error("Run this with --v8-flags=--expose-gc");
  gc();
}
