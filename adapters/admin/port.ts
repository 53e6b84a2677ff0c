/**
 * The admin port, for a server whose clients are in this thread or with several workers.
 *
 * @module
 */
import { OPTIONS, type Settings } from "../../core/mod.ts";
import { createOverview } from "./overview.ts";
import { createExposition } from "./prometheus.ts";
import type { Ask } from "./questions.ts";
import type { Reader } from "./reader.ts";
import { type AdminServer, serveAdmin } from "./server.ts";

/** The server that the port is for. */
export interface Served {
  readonly settings: Settings;
  /** Its own port, as bound. */
  readonly port: number;
  readonly version: string;
  readonly workers: number;
  readonly ask: Ask;
  readonly reader: Reader;
}

/**
 * Listens.
 *
 * @throws {StartError} If the address cannot be bound.
 */
export function openAdminPort({ ask, reader, ...served }: Served): Promise<AdminServer> {
  const [now, wallNow] = [() => performance.now(), () => Date.now()];
  const overview = createOverview({ ask, wallNow, icePath: icePathOf(served.settings) });
  const exposition = createExposition(reader);
  return serveAdmin({ ...served, reader, overview, exposition, now, wallNow });
}

/** Where a page gets TURN servers, without a key that is not everybody's; `null` if there are none. */
export function icePathOf({ turn_urls, path, key }: Settings): string | null {
  if (!turn_urls.some((url) => /^turns?:/i.test(url))) return null;
  return `${path}${key === OPTIONS.key.default ? key : "<key>"}/ice`;
}
