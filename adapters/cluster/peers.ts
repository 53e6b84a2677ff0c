/**
 * Reads the ids of all nodes from the directory.
 *
 * Redis is asked in steps, so that it serves others between them, one read at a time for all who ask. An id whose node
 * is dead is listed until it is reaped.
 *
 * @module
 */
import { within } from "../clock.ts";
import type { Connection } from "./connection.ts";
import { keyPrefix, type Reply } from "./scripts.ts";

interface PeerReaderPorts {
  readonly namespace: string;
  readonly now: () => number;
  /** Sends a command over the current connection; `null` if there is none. */
  readonly send: () => Connection["send"] | null;
}

/** How old a list may be. */
export const LIST_AGE_MAX_MS = 2_000;

/** How long a read may take. */
export const LIST_READ_MAX_MS = 5_000;

/** About how many ids Redis returns in a step. */
const STEP_COUNT = "1000";

/** How many ids a list has at most: with more it is not made. */
export const LIST_IDS_MAX = 1_000_000;

/** A function that reads the list as JSON; `null` if Redis does not say, or not in time. Never rejects. */
export function createPeerReader(ports: PeerReaderPorts): () => Promise<string | null> {
  let text = "";
  let readAt = -Infinity;
  let reading: Promise<string | null> | null = null;

  async function read(): Promise<string | null> {
    const send = ports.send();
    if (send === null) return null;
    const beganAt = ports.now();
    let found: string | null = null;
    const signal = { isOver: false };
    const all = readAll(send, ports.namespace, signal).then((ids) => {
      if (ids !== null) found = JSON.stringify(ids);
    }, () => {}); // The connection is gone, or Redis refuses: there is no list.
    await within(LIST_READ_MAX_MS, all);
    signal.isOver = true;
    if (found === null) return null;
    [text, readAt] = [found, beganAt];
    return found;
  }

  return () => {
    if (ports.now() - readAt < LIST_AGE_MAX_MS) return Promise.resolve(text);
    return reading ??= read().finally(() => void (reading = null));
  };
}

async function readAll(
  send: Connection["send"],
  namespace: string,
  signal: { readonly isOver: boolean },
): Promise<string[] | null> {
  // A step may return what an earlier one did.
  const ids = new Set<string>();
  let cursor = "0";
  do {
    const [next, pairs] = listOf(
      await send("HSCAN", `${keyPrefix(namespace)}claims`, cursor, "COUNT", STEP_COUNT),
    );
    for (const [i, word] of listOf(pairs).entries()) if (i % 2 === 0) ids.add(String(word));
    if (ids.size > LIST_IDS_MAX || signal.isOver) return null;
    cursor = String(next);
  } while (cursor !== "0");
  return [...ids];
}

function listOf(reply: Reply | undefined): readonly Reply[] {
  return typeof reply === "object" ? reply : [];
}
