/**
 * Counts the nodes and the clients of a whole cluster.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { keyPrefix } from "./scripts.ts";

/** What the directory holds. A node that is dead counts, with its clients, until it is reaped. */
export interface Census {
  readonly nodes: number;
  readonly clients: number;
}

/** Asks Redis for both numbers; `null` if it does not say. Never rejects. */
export async function takeCensus(
  send: Connection["send"] | null,
  namespace: string,
): Promise<Census | null> {
  if (send === null) return null;
  const prefix = keyPrefix(namespace);
  try {
    const [nodes, clients] = await Promise.all([
      send("ZCARD", `${prefix}nodes`),
      send("HLEN", `${prefix}claims`),
    ]);
    return { nodes: Number(nodes), clients: Number(clients) };
  } catch {
    return null; // The connection is gone, or its user may not ask that: the log says so elsewhere.
  }
}
