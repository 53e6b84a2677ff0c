/**
 * The version of the Deno that runs the server. Deno Deploy has 2.5, and not all of `node:*` is whole there.
 *
 * @module
 */

/** Whether it is older than 2.`minor`. */
export function isDenoBefore(minor: number): boolean {
  const [major = 0, own = 0] = Deno.version.deno.split(".").map(Number);
  return major === 2 && own < minor;
}
