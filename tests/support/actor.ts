/**
 * A client of a conversation: a socket of which everything that comes is written down, in order.
 *
 * Every frame is written down whole, with three exceptions: a letter that comes 64 times or more in a row is
 * `<65536 × x>`, a payload of as many objects in each other is `<8000 × [{}]>`, and the mark of a fence is left out. A fence is a message to itself, which both servers pass
 * on: whatever the server had said before comes before it, so that nothing has to be waited for.
 *
 * @module
 */
import { type Closed, within } from "./peer_socket.ts";

/** Whom to connect as. Without `query` it gives a key, a token, and its name as the id. */
export interface Entry {
  readonly id?: string;
  readonly token?: string;
  /** The query as it is to stand in the URL. */
  readonly query?: string;
  /** Where to, relative to the prefix; without it, where the server takes sockets. */
  readonly path?: string;
  /** The origin of the page that it is; without it, it is no page. */
  readonly origin?: string;
}

/** A socket whose frames are written down. */
export interface Actor {
  readonly id: string;
  /** Sends this value as JSON. */
  send(frame: unknown): void;
  /** Sends this text, or these bytes as a binary message, as they are. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void;
  /** How many frames came so far. */
  count(): number;
  /** Settles when `count` frames came in all, or the socket is closed; fails where neither happens. */
  got(count: number): Promise<void>;
  /** Settles when what was sent before has been handled, or the socket is closed. */
  fence(): Promise<void>;
  /**
   * Sends an `OFFER`, and settles when it came, or this socket is closed. It is for a socket that does not hold its
   * id, so that no fence comes back to it.
   */
  tell(witness: Actor): Promise<void>;
  /** Settles when the socket is closed, whoever closed it. */
  ended(): Promise<void>;
  /** Closes it. */
  close(): Promise<void>;
}

/** An actor, as the one who writes the transcript has it. */
export interface Recorded extends Actor {
  /** A fence, where one comes back. */
  settle(): Promise<void>;
  /** Writes down how it ended, or that it is open. Nothing is written after that. */
  sign(): void;
}

/** What an actor is made of. */
export interface Casting {
  readonly name: string;
  readonly entry: Entry;
  /** Where the sockets of the server are, and what its paths are relative to. */
  readonly wsUrl: string;
  /** What comes is written down here. */
  readonly part: unknown[];
}

/** Opens a socket; settles when the upgrade is done, or refused. */
export async function openActor({ name, entry, wsUrl, part }: Casting): Promise<Recorded> {
  const { id = name, origin } = entry;
  const socket = new WebSocket(
    urlOf(wsUrl, id, entry),
    origin === undefined ? {} : { headers: { origin } },
  );
  const inbox = makeInbox(socket, part);
  const until = async (isSo: () => boolean, what: string): Promise<void> => {
    const wait = async (): Promise<void> => {
      while (!isSo() && inbox.closed() === null) await inbox.change();
    };
    await within(wait(), MAX_MS, `Cannot go on with "${name}": ${what}`);
  };
  const sendRaw = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data);
  };
  const send = (frame: unknown): void => sendRaw(JSON.stringify(frame));
  const ended = (): Promise<void> => until(() => false, "it is not closed");
  const fence = async (): Promise<void> => {
    const mark = crypto.randomUUID();
    send({ type: "CANDIDATE", dst: id, payload: { fence: FENCE, mark } });
    await until(() => inbox.marks.has(mark), "its fence does not come back");
  };
  let hasTold = false;
  const tell = async (witness: Actor): Promise<void> => {
    hasTold = true;
    const next = witness.count() + 1;
    send({ type: "OFFER", dst: witness.id, payload: `from ${name}` });
    await Promise.race([ended(), witness.got(next)]);
  };
  const close = async (): Promise<void> => {
    socket.close();
    await ended();
  };
  await until(() => socket.readyState === WebSocket.OPEN, "it is not opened");
  return {
    id,
    send,
    sendRaw,
    count: inbox.count,
    got: (count) => until(() => inbox.count() >= count, `its frame ${count} does not come`),
    fence,
    tell,
    ended,
    close,
    settle: () => hasTold ? Promise.resolve() : fence(),
    sign: inbox.sign,
  };
}

/** Longest that anything may take to come; no rule waits for it. */
const MAX_MS = 10_000;
/** How a frame says that it is a fence's, and no part of the conversation. */
const FENCE = "no part of the conversation";

interface Inbox {
  /** The fences that came back. */
  readonly marks: ReadonlySet<string>;
  /** How many frames came; fences do not count. */
  count(): number;
  closed(): Closed | null;
  /** Settles when anything happens. */
  change(): Promise<void>;
  sign(): void;
}

function makeInbox(socket: WebSocket, part: unknown[]): Inbox {
  const marks = new Set<string>();
  let count = 0;
  let isSigned = false;
  let closed: Closed | null = null;
  let changed = Promise.withResolvers<void>();
  const wake = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const record = (frame: unknown): void => {
    count++;
    if (!isSigned) part.push(frame);
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = wake;
  socket.onmessage = ({ data }): void => {
    const frame = typeof data === "string" ? parse(data) : { binary: data.byteLength };
    const { fence, mark } = Object(Object(frame).payload);
    if (fence === FENCE) marks.add(mark);
    else record(frame);
    wake();
  };
  socket.onclose = ({ code, reason }): void => {
    // The platform says 0 where the standard has 1006.
    closed = { code: code || 1006, reason };
    wake();
  };
  const sign = (): void => {
    if (!isSigned) part.push(closed ?? "open");
    isSigned = true;
  };
  return { marks, count: () => count, closed: () => closed, change: () => changed.promise, sign };
}

function urlOf(wsUrl: string, id: string, { token, query, path }: Entry): string {
  const base = path === undefined ? wsUrl : new URL(path, wsUrl).href;
  const given = { key: "peerjs", id, token: token ?? `token-of-${id}` };
  return `${base}?${query ?? new URLSearchParams(given)}`;
}

/** A frame, with the long runs of one letter written short, and a payload that is nested deeply. */
function parse(text: string): unknown {
  const short = text.replace(/([a-z])\1{63,}/g, (run, of) => `<${run.length} × ${of}>`)
    .replace(/((?:\[\{"1":){64,})0[\]}]+(?=\}$)/, (_, open) => `"<${open.length / 6} × [{}]>"`);
  return JSON.parse(short);
}
