/**
 * A load driver: many clients at once, floods, round trips, and readers that stop.
 *
 * It talks to 127.0.0.1 only, and is bounded in count and in time. A client keeps no frame, only how many of
 * each type came, so that the driver's own memory does not get in the way. Back-pressure is by round trips: a
 * flood sends so many frames, then a message to itself, and goes on when that is back.
 *
 * @module
 */
import { type Closed, within } from "./peer_socket.ts";

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

/** A client that counts. */
export interface LoadClient extends AsyncDisposable {
  readonly id: string;
  /** The type of the first frame, empty where the socket was closed before one. */
  readonly answer: Promise<string>;
  readonly closed: Promise<Closed>;
  /** How many frames of a type came. */
  count(type: string): number;
  /** Settles when so many frames of a type came; fails if the socket closes first, or after `maxMs`. */
  reached(type: string, count: number, maxMs?: number): Promise<void>;
  send(frame: unknown): void;
  /** Milliseconds that a message to itself takes; comes back after all that was sent before. */
  roundTrip(maxMs?: number): Promise<number>;
  close(): Promise<Closed>;
}

/** Opens a client; settles when the upgrade is done, before the server has said anything. */
export async function openLoadClient(options: LoadClientOptions): Promise<LoadClient> {
  const { id } = options;
  const socket = dial(options);
  const { answer, closed, count, watch } = listenTo(socket, id);
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  const failed = closed.then(({ code }) => {
    throw new Error(`Cannot open ${id}: closed, ${code}`);
  });
  await within(Promise.race([opened.promise, failed]), LOAD_MAX_MS, `Cannot open ${id}`);
  failed.catch(() => {});

  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
  const close = async (): Promise<Closed> => {
    socket.close();
    return await within(closed, LOAD_MAX_MS, `Cannot close ${id}`);
  };
  return {
    id,
    answer,
    closed,
    count,
    reached: async (type, wanted, maxMs = LOAD_MAX_MS): Promise<void> => {
      const enough = (): boolean => count(type) >= wanted;
      if (!enough()) await watch(enough, maxMs, `${id} waits for ${wanted} ${type}`);
    },
    send,
    roundTrip: async (maxMs = LOAD_MAX_MS): Promise<number> => {
      const mark = crypto.randomUUID();
      const begin = performance.now();
      const back = watch((text) => text.includes(mark), maxMs, `${id} waits for its own message`);
      send({ type: "ANSWER", dst: id, payload: mark });
      await back;
      return performance.now() - begin;
    },
    close,
    [Symbol.asyncDispose]: async (): Promise<void> => void await close(),
  };
}

function dial({ wsUrl, id, token = "token", address }: LoadClientOptions): WebSocket {
  if (!wsUrl.startsWith("ws://127.0.0.1:")) throw new TypeError("The driver is for this machine");
  const query = new URLSearchParams({ key: "peerjs", id, token });
  const headers: Record<string, string> = address === undefined
    ? {}
    : { "x-forwarded-for": address };
  return new WebSocket(`${wsUrl}?${query}`, { headers });
}

interface Counting extends Pick<LoadClient, "answer" | "closed" | "count"> {
  /** Settles with the first text that fits; fails if the socket closes before, or after `maxMs`. */
  watch(isIt: (text: string) => boolean, maxMs: number, what: string): Promise<void>;
}

function listenTo(socket: WebSocket, id: string): Counting {
  const counts = new Map<string, number>();
  const answer = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<Closed>();
  const watchers = new Set<(text: string) => void>();
  const count = (type: string): number => counts.get(type) ?? 0;
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    const text = String(data);
    const type = /^\{"type":"([A-Z-]+)"/.exec(text)?.[1] ?? "?";
    counts.set(type, count(type) + 1);
    answer.resolve(type);
    for (const watcher of [...watchers]) watcher(text);
  };
  // The platform says 0 where the standard has 1006.
  socket.onclose = ({ code, reason }) => {
    closed.resolve({ code: code || 1006, reason });
    answer.resolve("");
  };

  async function watch(
    isIt: (text: string) => boolean,
    maxMs: number,
    what: string,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (text: string): void => void (isIt(text) && resolve());
    const end = closed.promise.then(({ code }) => {
      throw new Error(`${id}: ${what}: closed, ${code}`);
    });
    watchers.add(look);
    try {
      await within(Promise.race([promise, end]), maxMs, what);
    } finally {
      end.catch(() => {});
      watchers.delete(look);
    }
  }

  return { answer: answer.promise, closed: closed.promise, count, watch };
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
  return await inParallel(count, 64, async (i) => {
    const client = await openLoadClient({ ...options, id: options.idOf(i) });
    await client.reached("OPEN", 1);
    return client;
  });
}

/** What a flood sends. */
export interface Flood {
  readonly count: number;
  readonly dstOf: (i: number) => string;
  /** Each frame has about so many bytes. */
  readonly bytes: number;
  /** Frames between two round trips. */
  readonly window?: number;
  /** What kind of frames; candidates by default. */
  readonly type?: string;
  /** Asked before each frame: whether to stop. */
  readonly done?: () => boolean;
}

/** Sends a flood as fast as the server takes them; how many it sent. */
export async function flood(
  client: LoadClient,
  { count, dstOf, bytes, window = 16, type = "CANDIDATE", done = (): boolean => false }: Flood,
): Promise<number> {
  const payload = "x".repeat(bytes);
  for (let i = 0; i < count; i++) {
    if (done()) return i;
    client.send({ type, dst: dstOf(i), payload });
    if (i % window === window - 1) await client.roundTrip();
  }
  await client.roundTrip();
  return count;
}

/** Measures round trips one after the other until `until` settles, at least one; sorted, in milliseconds. */
export async function roundTrips(client: LoadClient, until: Promise<unknown>): Promise<number[]> {
  let on = true;
  const end = until.finally(() => on = false);
  const times: number[] = [];
  do times.push(await client.roundTrip()); while (on);
  await end;
  return times.sort((a, b) => a - b);
}

/** The value below which so much of a sorted list lies; 0.99 for the 99th percentile. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** A client that shakes hands and never reads again. */
export interface UnreadSocket extends Disposable {
  /** Reads on until nothing more comes; how many bytes came. */
  drain(): Promise<number>;
}

/** Opens a WebSocket on a bare TCP connection and stops reading behind the head of the answer. */
export async function openUnread(port: number, id: string): Promise<UnreadSocket> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(
    `GET /peerjs?key=peerjs&id=${id}&token=token HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  let head = "";
  const buffer = new Uint8Array(1_024);
  while (!head.includes("\r\n\r\n")) {
    const length = await conn.read(buffer);
    if (length === null) break;
    head += new TextDecoder().decode(buffer.subarray(0, length));
  }
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`Cannot open ${id}: ${head.slice(0, 40)}`);
  return {
    drain: async (): Promise<number> => await readRest(conn),
    [Symbol.dispose]: (): void => conn.close(),
  };
}

/** Until the other side has been silent for a while: on a socket that waits for a close there is no end. */
async function readRest(conn: Deno.TcpConn): Promise<number> {
  const buffer = new Uint8Array(1 << 20);
  const silence = { kind: "silence" } as const;
  for (let bytes = 0;;) {
    const { promise, resolve } = Promise.withResolvers<typeof silence>();
    const timer = setTimeout(() => resolve(silence), SILENCE_MS);
    const read = conn.read(buffer).catch(() => null);
    const got = await Promise.race([read, promise]);
    clearTimeout(timer);
    if (got === null || typeof got === "object") return bytes;
    bytes += got;
  }
}

const SILENCE_MS = 300;
