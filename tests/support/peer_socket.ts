/**
 * A PeerJS client cut down to its socket: what was sent is what the test said, what arrives is kept in order.
 *
 * That nothing more arrives is proved without waiting: {@linkcode PeerSocket.fence} sends a message to the
 * sender itself, which every server passes on, and whatever the server had said before comes before it.
 *
 * @module
 */

/** How a socket ended, as its client saw it: 1005 is a close without a code, 1006 an end without a close. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
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
}

/** An open socket. */
export interface PeerSocket extends AsyncDisposable {
  /** Sends this value as JSON. */
  send(frame: unknown): void;
  /** Sends this text, or these bytes as a binary message, as they are. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  /** The next frame, parsed; fails if the socket closes first or none came in `maxMs`. */
  next(maxMs?: number): Promise<unknown>;
  /** Settles when a frame waits to be read, or the socket is closed; reads nothing, never fails. */
  arrived(): Promise<void>;
  /** All that arrives up to a message to itself that is sent now; fails after `maxMs`. */
  fence(maxMs?: number): Promise<Fenced>;
  /** Settles when the socket is closed, whoever closed it; never fails. */
  readonly closed: Promise<Closed>;
  /** Closes the socket, if it is not closed yet; with this code, if one is given. */
  close(code?: number): Promise<Closed>;
}

/** Opens a socket; settles when the upgrade is done, before the server has said anything. */
export async function openSocket(options: PeerSocketOptions): Promise<PeerSocket> {
  const socket = new WebSocket(socketUrl(options));
  socket.binaryType = "arraybuffer";
  const inbox = makeInbox(socket);
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  inbox.closed.then(({ code }) =>
    opened.reject(new Error(`Cannot open a socket: closed, ${code}`))
  );
  await within(opened.promise, MAX_MS, "Cannot open a socket");
  const sendRaw = (data: string | Uint8Array<ArrayBuffer>): void => socket.send(data);
  const send = (frame: unknown): void => sendRaw(JSON.stringify(frame));
  const close = async (code?: number): Promise<Closed> => {
    socket.close(code);
    return await within(inbox.closed, MAX_MS, "Cannot close a socket");
  };
  return {
    send,
    sendRaw,
    next: async (maxMs = MAX_MS): Promise<unknown> => {
      const item = await within(inbox.take(), maxMs, "Cannot read the next frame: none came");
      if (item.kind === "frame") return item.frame;
      throw new Error(`Cannot read the next frame: the socket closed, ${item.closed.code}`);
    },
    arrived: inbox.arrived,
    fence: async (maxMs = MAX_MS): Promise<Fenced> => {
      const mark = crypto.randomUUID();
      send({ type: "CANDIDATE", dst: options.id, payload: { mark } });
      return await within(
        readUpTo(inbox, mark),
        maxMs,
        "Cannot pass the fence: it did not come back",
      );
    },
    closed: inbox.closed,
    close,
    [Symbol.asyncDispose]: async (): Promise<void> => void await close(),
  };
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

type Item =
  | { readonly kind: "frame"; readonly frame: unknown }
  | { readonly kind: "closed"; readonly closed: Closed };

interface Inbox {
  arrived(): Promise<void>;
  /** The next frame; once they are all taken and the socket is closed, that, again and again. */
  take(): Promise<Item>;
  readonly closed: Promise<Closed>;
}

/** One reader at a time: two that wait together both get the next frame. */
function makeInbox(socket: WebSocket): Inbox {
  const frames: unknown[] = [];
  let arrival = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<Closed>();
  socket.onmessage = ({ data }) => {
    frames.push(typeof data === "string" ? JSON.parse(data) : { binary: data.byteLength });
    arrival.resolve();
    arrival = Promise.withResolvers();
  };
  // The platform says 0 where the standard has 1006.
  socket.onclose = ({ code, reason }) => closed.resolve({ code: code || 1006, reason });
  const arrived = async (): Promise<void> => {
    if (frames.length === 0) await Promise.race([arrival.promise, closed.promise]);
  };
  const take = async (): Promise<Item> => {
    await arrived();
    if (frames.length > 0) return { kind: "frame", frame: frames.shift() };
    return { kind: "closed", closed: await closed.promise };
  };
  return { arrived, take, closed: closed.promise };
}

async function readUpTo(inbox: Inbox, mark: string): Promise<Fenced> {
  const frames: unknown[] = [];
  while (true) {
    const item = await inbox.take();
    if (item.kind === "closed") return { frames, closed: item.closed };
    if (isMark(item.frame, mark)) return { frames, closed: null };
    frames.push(item.frame);
  }
}

function isMark(frame: unknown, mark: string): boolean {
  return JSON.stringify(frame).includes(mark);
}

function socketUrl({ wsUrl, id, token, key }: PeerSocketOptions): string {
  const pairs = Object.entries({ key, id, token })
    .flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]
    );
  return `${wsUrl}?${pairs.join("&")}`;
}
