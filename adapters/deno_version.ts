/**
 * What the version of Deno that runs the server can do. Deno Deploy has 2.5, and not all of `node:*` is whole there.
 *
 * @module
 */
import { StartError } from "./errors.ts";

/** Whether it is older than 2.`minor`. */
export function isDenoBefore(minor: number): boolean {
  const [major = 0, own = 0] = Deno.version.deno.split(".").map(Number);
  return major === 2 && own < minor;
}

/**
 * An older `node:http` is `Deno.serve` in disguise: it has no limits, does not say that a connection came, and throws
 * where nobody can catch it when it listens again.
 */
const NODE_HTTP_MINOR = 8;

/**
 * Checks that `node:http` can serve.
 *
 * @param wanted What needs it: the beginning of a sentence.
 * @param remedy What to do instead of an update.
 * @throws {StartError} If it cannot.
 */
export function checkNodeHttp(wanted: string, remedy: string): void {
  if (!isDenoBefore(NODE_HTTP_MINOR)) return;
  const needed = `needs Deno 2.${NODE_HTTP_MINOR} or later, and this is ${Deno.version.deno}`;
  throw new StartError(`${wanted} ${needed}. Update Deno, or ${remedy}.`, 2);
}
