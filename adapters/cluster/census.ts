/**
 * Counts the nodes and the claims of a whole cluster.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { keyPrefix } from "./scripts.ts";

/** What the directory holds. A node that is dead counts, with its claims, until it is reaped. */
export interface Census {
  readonly nodes: number;
  readonly claims: number;
}

/** Asks Redis for both numbers; `null` if it does not say. Never rejects. */
export async function takeCensus(
  send: Connection["send"] | null,
  namespace: string,
): Promise<Census | null> {
  if (send === null) return null;
  const prefix = keyPrefix(namespace);
  try {
    const [nodes, claims] = await Promise.all([
      send("ZCARD", `${prefix}nodes`),
      send("HLEN", `${prefix}claims`),
    ]);
    return { nodes: Number(nodes), claims: Number(claims) };
  } catch {
    return null; // The connection is gone, or its user may not ask that: the log says so elsewhere.
  }
}
