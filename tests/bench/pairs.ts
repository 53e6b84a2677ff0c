/**
 * Clients in numbers: pairs that are about to talk, and crowds.
 *
 * @module
 */
import { type Client, openClient } from "./client.ts";
import { answerTo, offerTo } from "./messages.ts";

/** Two clients: `a` has an offer for `b` to send, `b` an answer for `a`. */
export interface Pair {
  readonly a: Client;
  readonly b: Client;
}

const PAIR_READ_SIZE = 65_536;
const CROWD_READ_SIZE = 512;
const CLOSING_MAX = 100;

/** Opens pairs; at most `portion` messages go out in one write. */
export async function openPairs(
  port: number,
  count: number,
  portion: number,
): Promise<readonly Pair[]> {
  const open = (): Promise<Client> =>
    openClient({ port, id: crypto.randomUUID(), readSize: PAIR_READ_SIZE });
  const pairs = await inParallel(count, 50, async (): Promise<Pair> => {
    const [a, b] = await Promise.all([open(), open()]);
    a.load(offerTo(b.id), portion);
    b.load(answerTo(a.id), portion);
    return { a, b };
  });
  return pairs;
}

/** Closes pairs. */
export async function closePairs(pairs: readonly Pair[]): Promise<void> {
  await closeAll(pairs.flatMap(({ a, b }) => [a, b]));
}

/** Ends the connections of pairs that still have something under way, without a word. */
export function abortPairs(pairs: readonly Pair[]): void {
  for (const { a, b } of pairs) {
    a.abort();
    b.abort();
  }
}

/** Opens clients that will say nothing, so many at a time. */
export function openCrowd(
  port: number,
  count: number,
  inFlight: number,
): Promise<readonly Client[]> {
  return inParallel(
    count,
    inFlight,
    () => openClient({ port, id: crypto.randomUUID(), readSize: CROWD_READ_SIZE }),
  );
}

/** Closes clients; settles when the server has ended every connection. */
export async function closeAll(clients: readonly Client[]): Promise<void> {
  await inParallel(clients.length, CLOSING_MAX, (i) => clients[i]?.close());
}

/** The results of a task that is run `count` times, `width` at a time. */
async function inParallel<T>(
  count: number,
  width: number,
  task: (i: number) => Promise<T> | undefined,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const result = await task(next++);
      if (result !== undefined) results.push(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return results;
}
