/**
 * A client of a conversation: a socket of which everything that comes is written down, in order.
 *
 * Every frame is written down whole, with three exceptions: a letter that comes 64 times or more in a row is
 * `<65536 × x>`, a payload of as many objects in each other is `<8000 × [{}]>`, and the mark of a fence is left out. A fence is a message to itself, which both servers pass
 * on: whatever the server had said before comes before it, so that nothing has to be waited for.
 */
import { type Data, dial, frameOf, socketUrl } from "./peer_socket.ts";

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
  send(frame: unknown): void;
  /** Sends this text, or these bytes as a binary message, as they are. */
  sendRaw(data: Data): void;
  /** How many frames came so far; fences do not count. */
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
  ended(): Promise<void>;
  close(): Promise<void>;
}

/** An actor, as the one who writes the transcript has it. */
export interface Recorded extends Actor {
  /** A fence, where one comes back. */
  settle(): Promise<void>;
  /** Writes down how it ended, or that it is open. Nothing is written after that. */
  sign(): void;
}

/**
 * Opens a socket; settles when the upgrade is done, or refused. What comes is written down in `part`, and `wsUrl` is
 * where the sockets of the server are, and what its paths are relative to.
 */
export async function openActor(
  name: string,
  entry: Entry,
  { wsUrl, part }: { readonly wsUrl: string; readonly part: unknown[] },
): Promise<Recorded> {
  const { id = name, token = `token-of-${id}`, path, query, origin } = entry;
  const base = path === undefined ? wsUrl : new URL(path, wsUrl).href;
  const url = socketUrl({
    wsUrl: base,
    key: "peerjs",
    id,
    token,
    ...(query !== undefined && { query }),
  });
  const marks = new Set<string>();
  let count = 0;
  let isSigned = false;
  const headers: Record<string, string> = origin === undefined ? {} : { origin };
  const wire = dial(url, { headers }, (data) => {
    const frame = frameOf(typeof data === "string" ? shortened(data) : data);
    const { fence, mark } = Object(Object(frame).payload);
    if (fence === FENCE) return void marks.add(mark);
    count++;
    if (!isSigned) part.push(frame);
  });
  const until = async (isSo: () => boolean, what: string): Promise<void> =>
    void await wire.until(isSo, `Cannot go on with "${name}": ${what}`);
  const send = (frame: unknown): void => wire.send(JSON.stringify(frame));
  const ended = (): Promise<void> => until(() => false, "it is not closed");
  const fence = async (): Promise<void> => {
    const mark = crypto.randomUUID();
    send({ type: "CANDIDATE", dst: id, payload: { fence: FENCE, mark } });
    await until(() => marks.has(mark), "its fence does not come back");
  };
  let hasTold = false;
  await until(wire.isOpen, "it is not opened");
  return {
    id,
    send,
    sendRaw: wire.send,
    count: () => count,
    got: (wanted) => until(() => count >= wanted, `its frame ${wanted} does not come`),
    fence,
    tell: async (witness): Promise<void> => {
      hasTold = true;
      const next = witness.count() + 1;
      send({ type: "OFFER", dst: witness.id, payload: `from ${name}` });
      await Promise.race([ended(), witness.got(next)]);
    },
    ended,
    close: async (): Promise<void> => void await wire.close(),
    settle: () => hasTold ? Promise.resolve() : fence(),
    sign: (): void => {
      if (!isSigned) part.push(wire.end() ?? "open");
      isSigned = true;
    },
  };
}

/** How a frame says that it is a fence's, and no part of the conversation. */
const FENCE = "no part of the conversation";

/** The long runs of one letter written short, and a payload that is nested deeply. */
function shortened(text: string): string {
  return text.replace(/([a-z])\1{63,}/g, (run, of) => `<${run.length} × ${of}>`)
    .replace(/((?:\[\{"1":){64,})0[\]}]+(?=\}$)/, (_, open) => `"<${open.length / 6} × [{}]>"`);
}
