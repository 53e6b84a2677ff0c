/**
 * The limit of file descriptors, of which each socket takes one.
 *
 * @module
 */

/** The soft limit of this process; `null` if there is none or the system does not report it. */
export async function descriptorLimit(): Promise<number | null> {
  try {
    return parseLimit(await Deno.readTextFile("/proc/self/limits"));
  } catch {
    return null;
  }
}

/**
 * How many more descriptors this process may have; `null` if that cannot be known. It reads one entry for each.
 *
 * @param limit What `descriptorLimit` returned, at a time when there were some left to ask with.
 */
export async function freeDescriptors(limit: number | null): Promise<number | null> {
  if (limit === null) return null;
  try {
    let used = 0;
    for await (const _ of Deno.readDir("/proc/self/fd")) used++;
    return limit - used;
  } catch {
    return 0; // None is left to read the folder with.
  }
}

/**
 * The soft limit of open files in the text of `/proc/<pid>/limits`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseLimit } from "./descriptors.ts";
 *
 * assertEquals(parseLimit("Max open files            1024                 4096        files\n"), 1024);
 * ```
 */
export function parseLimit(text: string): number | null {
  const soft = /^Max open files +(\d+)/m.exec(text)?.[1];
  return soft === undefined ? null : Number(soft);
}
