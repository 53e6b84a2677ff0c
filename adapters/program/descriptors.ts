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
