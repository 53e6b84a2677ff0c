/**
 * `node:http` with `npm:ws` as the program's listener.
 *
 * @module
 */
import type { Exchange } from "./exchange.ts";
import type { Listener } from "./listener.ts";

/** Listens as the settings of `exchange` say. */
export function listenNode(_exchange: Exchange): Promise<Listener> {
  return Promise.reject(new TypeError("not yet"));
}
