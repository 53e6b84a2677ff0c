/**
 * Connections that ask for much and read nothing: requests in a row, streams of HTTP/2 with a window of 0, and
 * handshakes of TLS that are none; and connections that are reset at once.
 */
import net from "node:net";
import { within } from "./peer_socket.ts";
import { connect, handshake, joined, latin1, write } from "./raw_socket.ts";

/** A connection that asked, and read of what came only what shows that it was answered. */
export interface Greedy extends Disposable {
  /** Reads on, to the end of the connection; how many bytes there were. */
  drain(): Promise<number>;
}

/** Asks for `path` so often at once, and reads the status line of the first answer. */
export async function askInARow(
  port: number,
  path: string,
  times: number,
  headers = "",
): Promise<Greedy> {
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
  return await ask(port, latin1(request.repeat(times)), (bytes) => bytes >= STATUS_LINE);
}

/** Asks for `path` by so many streams, of which none may have a body, and reads the heads of all answers. */
export async function askByStreams(port: number, path: string, streams: number): Promise<Greedy> {
  const head = Uint8Array.from([
    ...[0x82, 0x86], // :method GET, :scheme http
    ...[0x04, path.length, ...latin1(path)],
    ...[0x01, 1, ...latin1("x")], // :authority
  ]);
  const parts = [
    latin1("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    h2Frame(FRAME.settings, 0, 0, Uint8Array.from([0, INITIAL_WINDOW_SIZE, 0, 0, 0, 0])),
    ...Array.from({ length: streams }, (_, i) => h2Frame(FRAME.headers, END, 2 * i + 1, head)),
  ];
  const heads = countFrames(FRAME.headers);
  return await ask(port, joined(parts), (_, chunk) => heads(chunk) >= streams);
}

/** Sends something that is no handshake, and waits until the server has ended the connection. */
export async function failHandshake(port: number, bytes: Uint8Array): Promise<void> {
  using connection = await connect(port);
  await write(connection, bytes);
  await within(endOf(connection), ANSWER_MAX_MS, "The server did not end the handshake");
}

const STATUS_LINE = 12;
const FRAME = { headers: 1, settings: 4 } as const;
/** The flags END_STREAM and END_HEADERS. */
const END = 5;
const INITIAL_WINDOW_SIZE = 4;
const ANSWER_MAX_MS = 20_000;

async function ask(
  port: number,
  bytes: Uint8Array,
  isAnswered: (bytes: number, chunk: Uint8Array) => boolean,
): Promise<Greedy> {
  const connection = await connect(port);
  // The server may stop reading, or end the connection, before it has all of them.
  void write(connection, bytes);
  const chunk = new Uint8Array(512);
  let read = 0;
  const answered = async (): Promise<void> => {
    for (;;) {
      const length = await connection.read(chunk).catch(() => null);
      if (length === null) return;
      read += length;
      if (isAnswered(read, chunk.subarray(0, length))) return;
    }
  };
  await within(answered(), ANSWER_MAX_MS, "Nothing was answered");
  return {
    drain: async (): Promise<number> => read + await endOf(connection),
    [Symbol.dispose]: (): void => connection.close(),
  };
}

async function endOf(connection: Deno.Conn): Promise<number> {
  const chunk = new Uint8Array(65_536);
  for (let read = 0;;) {
    const length = await connection.read(chunk).catch(() => null);
    if (length === null) return read;
    read += length;
  }
}

function h2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(H2_HEAD + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint16(1, payload.length);
  view.setUint8(3, type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  frame.set(payload, H2_HEAD);
  return frame;
}

/** Counts frames of a type in what comes, chunk by chunk. */
function countFrames(type: number): (chunk: Uint8Array) => number {
  let rest = new Uint8Array(0);
  let count = 0;
  return (chunk) => {
    rest = joined([rest, chunk]);
    for (;;) {
      const size = rest.length < H2_HEAD
        ? Infinity
        : H2_HEAD + (((rest[0] ?? 0) << 16) | ((rest[1] ?? 0) << 8) | (rest[2] ?? 0));
      if (rest.length < size) return count;
      if (rest[3] === type) count++;
      rest = rest.slice(size);
    }
  };
}

const H2_HEAD = 9;

/** Sends a handshake, and resets the connection before it can be answered. */
export async function resetAtOnce(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = net.connect(port, "127.0.0.1", () => {
    socket.write(handshake("/peerjs?key=wrong&id=a&token=t"), () => {
      socket.resetAndDestroy();
    });
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  await promise;
}
