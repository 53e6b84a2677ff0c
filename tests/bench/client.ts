/**
 * A client of the load: a TCP connection that sends the same frames over and over, and counts what comes. All that it
 * will ever send is encoded when it is told what, and frames that are owed go out in one write, so that one core can
 * drive any server on another. It answers no pings: nobody here is silent for as long as a server waits for a pong.
 */

export interface Client {
  readonly id: string;
  /** Called after each read with the number of text frames that ended in it. */
  onFrames: (count: number) => void;
  /** Sets what `send` sends: a row of frames, and how many rows go out in one write at most. */
  readonly load: (row: readonly string[], portion: number) => void;
  /** Sends the row so many times, as soon as the connection takes it. */
  readonly send: (times: number) => void;
  /** Closes as a browser does, and settles when the server has ended the connection. */
  readonly close: () => Promise<void>;
}

const TEXT = 1;
const CLOSE = 8;
/** Not zero, because a server may leave out the unmasking then. */
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

/** The bytes of a frame as a client sends it. The payload has fewer than 64 KiB. */
export function maskedFrame(payload: Uint8Array, opcode = TEXT): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const masked = payload.map((byte, i) => byte ^ (MASK[i & 3] ?? 0));
  return Uint8Array.of(0x80 | opcode, ...size, ...MASK, ...masked);
}

/** A function that takes what was read, cut anywhere, and says how many text frames ended in it. */
export function frameCounter(): (bytes: Uint8Array) => number {
  const head = new Uint8Array(10);
  let headLength = 0;
  let left = 0;
  const headSize = (): number => {
    const short = headLength < 2 ? 0 : head[1] ?? 0;
    return short < 126 ? 2 : short === 126 ? 4 : 10;
  };
  return (bytes) => {
    let texts = 0;
    for (let at = 0; at < bytes.length;) {
      if (headLength < headSize()) {
        head[headLength++] = bytes[at++] ?? 0;
        if (headLength < headSize()) continue;
        const size = headLength === 2 ? head.subarray(1, 2) : head.subarray(2, headLength);
        left = size.reduce((length, byte) => length * 256 + byte, 0);
      }
      const taken = Math.min(left, bytes.length - at);
      at += taken;
      left -= taken;
      if (left > 0) break;
      if (((head[0] ?? 0) & 0x0f) === TEXT) texts++;
      headLength = 0;
    }
    return texts;
  };
}

/** Opens clients, so many at once; each can read so many bytes at a time. */
export async function openClients(
  port: number,
  count: number,
  atOnce: number,
  readSize: number,
): Promise<readonly Client[]> {
  const clients: Client[] = [];
  await inParallel(count, atOnce, async () => {
    clients.push(await openClient(port, crypto.randomUUID(), readSize));
  });
  return clients;
}

/** Closes clients; settles when the server has ended every connection. */
export async function closeAll(clients: readonly Client[]): Promise<void> {
  await inParallel(clients.length, 100, async (i) => await clients[i]?.close());
}

/** Connects, upgrades, and settles when `OPEN` has come. */
export async function openClient(port: number, id: string, readSize = 65_536): Promise<Client> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const opened = Promise.withResolvers<void>();
  let block = new Uint8Array(0);
  let rowSize = 0;
  let owed = 0;
  let isSending = false;

  async function drain(): Promise<void> {
    isSending = true;
    while (owed > 0) {
      const bytes = block.subarray(0, Math.min(block.length, owed * rowSize));
      owed -= bytes.length / rowSize;
      // Where the connection is gone, whoever waits for frames sees that none come.
      await writeAll(connection, bytes).catch(() => owed = 0);
    }
    isSending = false;
  }

  async function read(): Promise<void> {
    const count = frameCounter();
    const buffer = new Uint8Array(readSize);
    const textOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
    // The head of the answer is written at once, and shorter than what a read takes; so is the first frame.
    let length: number | null = await connection.read(buffer) ?? 0;
    const said = textOf(buffer.subarray(0, length));
    let isOpen = false;
    let from = said.indexOf("\r\n\r\n") + 4;
    for (; said.startsWith("HTTP/1.1 101 ") && length !== null; from = 0) {
      const bytes = buffer.subarray(from, length);
      const texts = count(bytes);
      if (isOpen && texts > 0) client.onFrames(texts);
      if (!isOpen && texts > 0) {
        isOpen = textOf(bytes).includes('{"type":"OPEN"');
        if (!isOpen) break;
        opened.resolve();
      }
      length = await connection.read(buffer).catch(() => null);
    }
    opened.reject(new Error(`Cannot open client ${id} on port ${port}; the server said: ${said}`));
    connection.close();
  }

  const client: Client = {
    id,
    onFrames: () => {},
    load: (row, portion) => {
      const bytes = row.flatMap((text) => [...maskedFrame(new TextEncoder().encode(text))]);
      rowSize = bytes.length;
      block = new Uint8Array(portion * rowSize);
      for (let i = 0; i < portion; i++) block.set(bytes, i * rowSize);
    },
    send: (times) => {
      owed += times;
      if (!isSending) void drain();
    },
    close: async () => {
      const code1000 = maskedFrame(Uint8Array.of(0x03, 0xe8), CLOSE);
      await writeAll(connection, code1000).catch(() => {});
      await ended;
    },
  };
  await writeAll(connection, new TextEncoder().encode(handshake(id)));
  const ended = read();
  ended.catch(opened.reject);
  await opened.promise;
  return client;
}

function handshake(id: string): string {
  return `GET /peerjs?key=peerjs&id=${id}&token=${id.slice(0, 11)}&version=1.5.5 HTTP/1.1\r\n` +
    "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function inParallel(
  count: number,
  width: number,
  task: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
