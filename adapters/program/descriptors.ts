/**
 * How many descriptors the process may have: each socket takes one.
 *
 * @module
 */

/** The limit, or `null` where the system does not say, or has none. */
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
