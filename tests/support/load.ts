/**
 * A load driver: many clients at once, floods and round trips. It talks to 127.0.0.1 only, and is bounded in count and in
 * time. A client keeps no frame, only how many of each type came, so that the driver's own memory does not get in the
 * way. A flood sends so many frames, then a message to itself, and goes on when that is back.
 */
import { type Closed, dial, socketUrl } from "./peer_socket.ts";

/** Longest that anything here waits. */
export const LOAD_MAX_MS = 30_000;

/** Most clients that one call opens. */
const CLIENTS_MAX = 6_000;

/** Where and as whom to connect. */
export interface LoadClientOptions {
  /** `ws://127.0.0.1:<port>/peerjs`, without a query. */
  readonly wsUrl: string;
  readonly id: string;
  readonly token?: string;
  /** Sent as `X-Forwarded-For`: the address as far as a server behind a proxy knows. */
  readonly address?: string;
}

export interface LoadClient extends AsyncDisposable {
  readonly id: string;
  /** The type of the first frame, empty where the socket was closed before one. */
  readonly answer: Promise<string>;
  readonly closed: Promise<Closed>;
  count(type: string): number;
  /** Settles when so many frames of a type came; fails if the socket closes first. */
  reached(type: string, count: number): Promise<void>;
  send(frame: unknown): void;
  /** Milliseconds that a message to itself takes; comes back after all that was sent before. */
  roundTrip(): Promise<number>;
  close(): Promise<Closed>;
}

/** Opens a client; settles when the upgrade is done, before the server has said anything. */
export async function openLoadClient(
  { wsUrl, id, token = "token", address }: LoadClientOptions,
): Promise<LoadClient> {
  if (!wsUrl.startsWith("ws://127.0.0.1:")) throw new TypeError("The driver is for this machine");
  const counts = new Map<string, number>();
  const count = (type: string): number => counts.get(type) ?? 0;
  const answer = Promise.withResolvers<string>();
  const away = new Set<string>();
  const headers = { ...(address !== undefined && { "x-forwarded-for": address }) };
  const wire = dial(socketUrl({ wsUrl, key: "peerjs", id, token }), { headers }, (data) => {
    const text = String(data);
    const type = /^\{"type":"([A-Z-]+)"/.exec(text)?.[1] ?? "?";
    counts.set(type, count(type) + 1);
    answer.resolve(type);
    for (const mark of type === "ANSWER" ? away : []) if (text.includes(mark)) away.delete(mark);
  });
  void wire.closed.then(() => answer.resolve(""));
  const until = async (isSo: () => boolean, what: string): Promise<void> => {
    const isReached = await wire.until(isSo, `${id} ${what}`, LOAD_MAX_MS);
    if (!isReached) throw new Error(`${id} ${what}: closed, ${wire.end()?.code}`);
  };
  await until(wire.isOpen, "waits to be opened");
  const send = (frame: unknown): void => wire.send(JSON.stringify(frame));
  return {
    id,
    answer: answer.promise,
    closed: wire.closed,
    count,
    reached: (type, wanted) => until(() => count(type) >= wanted, `waits for ${wanted} ${type}`),
    send,
    roundTrip: async (): Promise<number> => {
      const mark = crypto.randomUUID();
      const begin = performance.now();
      away.add(mark);
      send({ type: "ANSWER", dst: id, payload: mark });
      await until(() => !away.has(mark), "waits for its own message");
      return performance.now() - begin;
    },
    close: wire.close,
    [Symbol.asyncDispose]: async (): Promise<void> => void await wire.close(),
  };
}

/** Opens a client of this place, and waits until it is admitted. */
export async function admit(
  { wsUrl }: Pick<LoadClientOptions, "wsUrl">,
  id: string,
  more: Partial<LoadClientOptions> = {},
): Promise<LoadClient> {
  const client = await openLoadClient({ wsUrl, id, ...more });
  await client.reached("OPEN", 1);
  return client;
}

/** Calls `make` for 0 to `count - 1`, at most `atOnce` at a time; the results in that order. */
export async function inParallel<T>(
  count: number,
  atOnce: number,
  make: (i: number) => Promise<T>,
): Promise<T[]> {
  if (count > CLIENTS_MAX) throw new RangeError(`At most ${CLIENTS_MAX}: got ${count}`);
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await make(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}

/** Opens so many clients, named by `idOf`, and waits until each is admitted. */
export async function openMany(
  count: number,
  options: Omit<LoadClientOptions, "id"> & { readonly idOf: (i: number) => string },
): Promise<LoadClient[]> {
  return await inParallel(count, 64, (i) => admit(options, options.idOf(i), options));
}

export interface Flood {
  readonly count: number;
  readonly dstOf: (i: number) => string;
  /** Each frame has about so many bytes. */
  readonly bytes: number;
  /** What kind of frames; candidates by default. */
  readonly type?: string;
  /** Asked before each frame: whether to stop. */
  readonly done?: () => boolean;
}

/** So many frames are on their way at most. */
const WINDOW = 16;

/** Sends a flood as fast as the server takes them; how many it sent. */
export async function flood(
  client: LoadClient,
  { count, dstOf, bytes, type = "CANDIDATE", done = (): boolean => false }: Flood,
): Promise<number> {
  const payload = "x".repeat(bytes);
  for (let i = 0; i < count; i++) {
    if (done()) return i;
    client.send({ type, dst: dstOf(i), payload });
    if (i % WINDOW === WINDOW - 1) await client.roundTrip();
  }
  await client.roundTrip();
  return count;
}

/** Measures round trips one after the other until `until` settles, at least one; sorted, in milliseconds. */
export async function roundTrips(client: LoadClient, until: Promise<unknown>): Promise<number[]> {
  let on = true;
  const end = until.finally(() => on = false);
  const times: number[] = [];
  const measure = async (): Promise<void> => {
    do times.push(await client.roundTrip()); while (on);
  };
  await Promise.all([end, measure()]);
  return times.sort((a, b) => a - b);
}
