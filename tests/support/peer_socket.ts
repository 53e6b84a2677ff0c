/**
 * A PeerJS client cut down to its socket: what was sent is what the test said, what arrives is kept in order.
 *
 * That nothing more arrives is proved without waiting: {@linkcode PeerSocket.fence} sends a message to the
 * sender itself, which every server passes on, and whatever the server had said before comes before it. What
 * keeps frames in another way is built on {@linkcode dial} too.
 */
import { assertEquals } from "./assert.ts";

/** How a socket ended, as its client saw it: 1005 is a close without a code, 1006 an end without a close. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What a test sends: text, or the bytes of a binary message. */
export type Data = string | Uint8Array<ArrayBuffer>;

/** A socket of the platform, its events as promises. */
export interface Wire {
  isOpen(): boolean;
  /** How it ended; `null` as long as it did not. */
  end(): Closed | null;
  /** Settles when the socket is closed, whoever closed it; never fails. */
  readonly closed: Promise<Closed>;
  /** Sends, as long as the socket is open. */
  send(data: Data): void;
  /** Settles with `true` when it is so, with `false` when the socket is closed instead; fails after `maxMs`. */
  until(isSo: () => boolean, what: string, maxMs?: number): Promise<boolean>;
  /** Closes the socket, if it is not closed yet; with this code, if one is given. */
  close(code?: number): Promise<Closed>;
}

/** Begins to open a socket; `hear` is called with what comes. */
export function dial(
  url: string,
  options: WebSocketOptions,
  hear: (data: string | ArrayBuffer) => void,
): Wire {
  const socket = new WebSocket(url, options);
  socket.binaryType = "arraybuffer";
  const closed = Promise.withResolvers<Closed>();
  let end: Closed | null = null;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  socket.onopen = wake;
  socket.onmessage = ({ data }) => {
    hear(data);
    wake();
  };
  socket.onclose = ({ code, reason }) => {
    // The platform says 0 where the standard has 1006.
    closed.resolve(end = { code: code || 1006, reason });
    wake();
  };
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    end: () => end,
    closed: closed.promise,
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    until: async (isSo, what, maxMs = MAX_MS): Promise<boolean> => {
      const wait = async (): Promise<boolean> => {
        while (!isSo() && end === null) await changed.promise;
        return isSo();
      };
      return isSo() || await within(wait(), maxMs, what);
    },
    close: async (code): Promise<Closed> => {
      socket.close(code);
      return await within(closed.promise, MAX_MS, "Cannot close a socket");
    },
  };
}

/** A frame as a value; of a binary one its length. */
export function frameOf(data: string | ArrayBuffer): unknown {
  return typeof data === "string" ? JSON.parse(data) : { binary: data.byteLength };
}

/** What a fence found: the frames before it, and how the socket ended if that came first. */
export interface Fenced {
  readonly frames: readonly unknown[];
  readonly closed: Closed | null;
}

/** Where and as whom to connect. A parameter that is missing here is missing in the URL. */
export interface PeerSocketOptions {
  /** Where the server takes sockets, without a query: `ws://127.0.0.1:9000/myapp/peerjs`. */
  readonly wsUrl: string;
  readonly id?: string;
  readonly token?: string;
  readonly key?: string;
  /** The query as it is to stand in the URL, in place of these. */
  readonly query?: string;
  /** Headers, or who is trusted. */
  readonly options?: WebSocketOptions;
}

export interface PeerSocket extends AsyncDisposable, Pick<Wire, "closed" | "close"> {
  send(frame: unknown): void;
  /** Sends this text, or these bytes as a binary message, as they are. */
  sendRaw(data: Data): void;
  /** The next frame, parsed; fails if the socket closes first or none comes in `maxMs`. */
  next(maxMs?: number): Promise<unknown>;
  /** All that arrives up to a message to itself that is sent now. */
  fence(): Promise<Fenced>;
}

/** Opens a socket; settles when the upgrade is done, before the server has said anything. */
export async function openSocket(given: PeerSocketOptions): Promise<PeerSocket> {
  const frames: unknown[] = [];
  const wire = dial(socketUrl(given), given.options ?? {}, (data) => frames.push(frameOf(data)));
  if (!await wire.until(wire.isOpen, "Cannot open a socket")) {
    throw new Error(`Cannot open a socket: closed, ${wire.end()?.code}`);
  }
  const send = (frame: unknown): void => wire.send(JSON.stringify(frame));
  return {
    send,
    sendRaw: wire.send,
    next: async (maxMs): Promise<unknown> => {
      const what = "Cannot read the next frame";
      const isThere = await wire.until(() => frames.length > 0, `${what}: none came`, maxMs);
      if (isThere) return frames.shift();
      throw new Error(`${what}: the socket closed, ${wire.end()?.code}`);
    },
    fence: async (): Promise<Fenced> => {
      const mark = crypto.randomUUID();
      const at = (): number => frames.findIndex((frame) => JSON.stringify(frame).includes(mark));
      send({ type: "CANDIDATE", dst: given.id, payload: { mark } });
      const isBack = await wire.until(() => at() >= 0, "The fence did not come back");
      const before = frames.splice(0, isBack ? at() + 1 : frames.length);
      return isBack
        ? { frames: before.slice(0, -1), closed: null }
        : { frames: before, closed: wire.end() };
    },
    closed: wire.closed,
    close: wire.close,
    [Symbol.asyncDispose]: async (): Promise<void> => void await wire.close(),
  };
}

export interface Place {
  readonly wsUrl: string;
}

/** Opens a socket that is admitted, under the default key. */
export async function join(
  { wsUrl }: Place,
  id = "a",
  more: Partial<PeerSocketOptions> = {},
): Promise<PeerSocket> {
  const socket = await openSocket({ wsUrl, key: "peerjs", token: "t", id, ...more });
  assertEquals(await socket.next(), { type: "OPEN" }, id);
  return socket;
}

/** Opens a socket that is not admitted: the sentence that it gets, and how it is closed. */
export async function refusal(
  { wsUrl }: Place,
  more: Partial<PeerSocketOptions> = {},
): Promise<readonly [msg: string, Closed]> {
  const socket = await openSocket({ wsUrl, key: "peerjs", token: "t", id: "a", ...more });
  const { type, payload: { msg } } = Object(await socket.next());
  assertEquals(type, type === "ID-TAKEN" ? type : "ERROR");
  return [msg, await socket.closed];
}

/** The same promise, but it fails, with what was awaited, when `maxMs` have passed. */
export async function within<T>(promise: Promise<T>, maxMs: number, what: string): Promise<T> {
  const bound = Promise.withResolvers<never>();
  const timer = setTimeout(() => bound.reject(new Error(`${what} (in ${maxMs} ms)`)), maxMs);
  try {
    return await Promise.race([promise, bound.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const MAX_MS = 10_000;

export function socketUrl({ wsUrl, id, token, key, query }: PeerSocketOptions): string {
  if (query !== undefined) return `${wsUrl}?${query}`;
  const pairs = Object.entries({ key, id, token })
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]
    );
  return `${wsUrl}?${pairs.join("&")}`;
}
