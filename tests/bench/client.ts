/**
 * A client of the load: a TCP connection that sends one frame over and over, and counts what comes.
 *
 * All that it will ever send is encoded when it is told its frame, and many frames that are owed go out in one
 * write, so that a core is enough to drive any server on another.
 *
 * @module
 */
import { handshake, OPCODE } from "../support/raw_socket.ts";
import { concat, type Counter, frameCounter, maskedFrame } from "./frames.ts";

/** A client that has had its `OPEN`. */
export interface Client {
  readonly id: string;
  /** The text frames that came, `OPEN` apart. */
  readonly received: () => number;
  /** Called after each read with the number of frames that ended in it. */
  onFrames: (count: number) => void;
  /** What it sends from now on, and in how large portions at most. */
  readonly load: (text: string, portion: number) => void;
  /** The same with a row of frames instead of one, which counts as one when it is sent. */
  readonly loadRow: (texts: readonly string[]) => void;
  /** Sends the frame so many times, as soon as the connection takes them. */
  readonly send: (times: number) => void;
  /** Closes as a browser does, and settles when the server has ended the connection. */
  readonly close: () => Promise<void>;
  /** Ends the connection without a word. */
  readonly abort: () => void;
}

/** How a client opens. */
export interface ClientOptions {
  readonly port: number;
  readonly id: string;
  /** Bytes that one read takes at most. */
  readonly readSize: number;
}

/** Code 1000. */
const CLOSE = maskedFrame(Uint8Array.of(0x03, 0xe8), OPCODE.close);
const PONG = maskedFrame(new Uint8Array(0), OPCODE.pong);

/** Connects, upgrades, and settles when `OPEN` has come. */
export async function openClient({ port, id, readSize }: ClientOptions): Promise<Client> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const buffer = new Uint8Array(readSize);
  const counter = frameCounter();
  const target = `/peerjs?key=peerjs&id=${id}&token=${id.slice(0, 11)}&version=1.5.5`;
  try {
    await writeAll(connection, handshake(target));
    await readOpen(connection, buffer, counter);
  } catch (cause) {
    connection.close();
    throw new Error(`Cannot open client ${id} on port ${port}`, { cause });
  }
  return run(id, connection, { buffer, counter });
}

function run(
  id: string,
  connection: Deno.TcpConn,
  { buffer, counter }: { readonly buffer: Uint8Array; readonly counter: Counter },
): Client {
  let block = new Uint8Array(0);
  let size = 0;
  let owed = 0;
  let pongs = 0;
  let sending = false;
  const ended = read();
  const client: Client = {
    id,
    received: () => counter.texts - 1,
    onFrames: () => {},
    load: (text, portion) => {
      const frame = maskedFrame(new TextEncoder().encode(text));
      size = frame.length;
      block = concat(Array.from({ length: portion }, () => frame));
    },
    loadRow: (texts) => {
      const frames = texts.map((text) => maskedFrame(new TextEncoder().encode(text)));
      block = concat(frames);
      size = block.length;
    },
    send: (times) => {
      owed += times;
      if (!sending) void drain();
    },
    close: async () => {
      await writeAll(connection, CLOSE).catch(() => {});
      await ended;
    },
    abort: () => connection.close(),
  };
  return client;

  async function drain(): Promise<void> {
    sending = true;
    try {
      while (owed > 0 || pongs > 0) {
        for (; pongs > 0; pongs--) await writeAll(connection, PONG);
        if (owed === 0) break;
        const bytes = block.subarray(0, Math.min(block.length, owed * size));
        owed -= bytes.length / size;
        await writeAll(connection, bytes);
      }
    } catch {
      // The connection is gone; whoever waits for frames sees that none come.
    }
    sending = false;
  }

  async function read(): Promise<void> {
    for (;;) {
      const length = await connection.read(buffer).catch(() => null);
      if (length === null) break;
      const { texts, pings } = counter;
      counter.feed(buffer, 0, length);
      pongs += counter.pings - pings;
      if (pongs > 0 && !sending) void drain();
      if (counter.texts > texts) client.onFrames(counter.texts - texts);
    }
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let sent = await connection.write(bytes);
  while (sent < bytes.length) sent += await connection.write(bytes.subarray(sent));
}

/** Reads the answer to the upgrade and the first frame, in as many pieces as they come. */
async function readOpen(
  connection: Deno.TcpConn,
  buffer: Uint8Array,
  counter: Counter,
): Promise<void> {
  let head = "";
  for (let isUpgraded = false; counter.texts < 1;) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error(`The server ended the connection; it said: ${head}`);
    if (isUpgraded) {
      counter.feed(buffer, 0, length);
      continue;
    }
    const before = head.length;
    head += new TextDecoder("latin1").decode(buffer.subarray(0, length));
    const end = head.indexOf("\r\n\r\n") + 4;
    if (end < 4) continue;
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`The server said: ${head}`);
    isUpgraded = true;
    counter.feed(buffer, end - before, length);
  }
}
