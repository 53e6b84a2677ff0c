/** A WebSocket client made of bytes: it sends what no library would, and reads frames as they come. */
import { within } from "./peer_socket.ts";

/** A frame to build; a text frame with all flags as they should be, unless told otherwise. */
export interface FrameOptions {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length that the head claims; the real one by default. */
  readonly claimed?: bigint;
}

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export interface RawSocket extends Disposable {
  /** The head of the answer to its request. */
  readonly head: string;
  /** Sends bytes as they are; `false` once the connection is gone. */
  write(bytes: Uint8Array): Promise<boolean>;
  send(payload: string | Uint8Array, options?: FrameOptions): Promise<boolean>;
  /** The next frame; `null` where the connection ended instead. */
  next(): Promise<RawFrame | null>;
  json(): Promise<unknown>;
  /** As many bytes as text: the body of an answer that is no upgrade. */
  text(bytes: number): Promise<string>;
  /** Reads until a close frame or the end: the code, 1006 where there was no close frame. */
  closed(): Promise<number>;
  /** Reads until the server has ended the connection. */
  ended(): Promise<void>;
  /** Reads on, past frames, until nothing more comes for a while; how many bytes came. */
  drain(): Promise<number>;
}

/** The opcodes of RFC 6455, section 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The bytes of a frame. The mask is zero, so the payload stands in it as it is. */
export function frame(payload: string | Uint8Array, options: FrameOptions = {}): Uint8Array {
  const { opcode = OPCODE.text, fin = true, rsv = 0, masked = true } = options;
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const length = options.claimed ?? BigInt(body.length);
  const extended = length < 126n ? 0 : length < 65_536n ? 2 : 8;
  const head = new DataView(new ArrayBuffer(2 + extended + (masked ? 4 : 0)));
  head.setUint8(0, (fin ? 0x80 : 0) | rsv << 4 | opcode);
  const short = extended === 0 ? Number(length) : extended === 2 ? 126 : 127;
  head.setUint8(1, (masked ? 0x80 : 0) | short);
  if (extended === 2) head.setUint16(2, Number(length));
  if (extended === 8) head.setBigUint64(2, length);
  return joined([new Uint8Array(head.buffer), body]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function repeated(bytes: Uint8Array, times: number): Uint8Array<ArrayBuffer> {
  return joined(Array.from({ length: times }, () => bytes));
}

/** The request that asks for a socket; `target` is path and query, `headers` are lines with their ends. */
export function handshake(target: string, headers = ""): Uint8Array {
  return latin1(
    `GET ${target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      `${headers}\r\n`,
  );
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Where a server listens: a port of 127.0.0.1, or a unix socket. */
export type Place = number | { readonly path: string };

/** Sends a request as bytes, and reads what comes back until the server ends the connection. */
export async function rawHttp(place: Place, request: Uint8Array): Promise<string> {
  const connection = await connect(place);
  try {
    await write(connection, request);
    return await within(readToEnd(connection), END_MAX_MS, "The server did not end the connection");
  } finally {
    connection.close();
  }
}

/** Opens a socket as client `id`; fails where it is not upgraded. */
export async function openRaw(port: number, id: string, headers = ""): Promise<RawSocket> {
  const target = `/peerjs?key=peerjs&id=${encodeURIComponent(id)}&token=t`;
  const socket = await upgradeRaw(port, handshake(target, headers));
  if (socket.head.startsWith("HTTP/1.1 101 ")) return socket;
  socket[Symbol.dispose]();
  throw new Error(`Cannot open a socket: ${socket.head}`);
}

/** Sends a request for a socket, and reads the head of the answer, whatever it is. */
export async function upgradeRaw(place: Place, request: Uint8Array): Promise<RawSocket> {
  const connection = await connect(place);
  const reader = makeReader(connection);
  const send = (bytes: Uint8Array): Promise<boolean> => write(connection, bytes);
  const next = (): Promise<RawFrame | null> =>
    within(reader.frame(), END_MAX_MS, "Neither a frame nor the end came");
  await send(request);
  return {
    head: await within(reader.head(), END_MAX_MS, "No answer came"),
    write: send,
    send: (payload, options) => send(frame(payload, options)),
    next,
    json: async (): Promise<unknown> => {
      const got = await next();
      if (got?.opcode !== OPCODE.text) throw new Error(`Not a text frame: ${got?.opcode}`);
      return JSON.parse(new TextDecoder().decode(got.payload));
    },
    text: (bytes) =>
      within(reader.text(bytes), END_MAX_MS, "Neither so much text nor the end came"),
    closed: async (): Promise<number> => {
      for (;;) {
        const got = await next();
        if (got === null) return 1006;
        if (got.opcode === OPCODE.close) return closeCode(got.payload);
      }
    },
    ended: async (): Promise<void> => {
      while (await next() !== null);
    },
    drain: () => drain(connection),
    [Symbol.dispose]: () => connection.close(),
  };
}

const SILENCE_MS = 300;

/** Longest that a server may take to answer or to end a connection: it turns a hang into a failure. */
const END_MAX_MS = 20_000;

/** Connects, and writes at once what is written. */
export async function connect(place: Place): Promise<Deno.Conn> {
  if (typeof place === "object") return await Deno.connect({ ...place, transport: "unix" });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: place });
  connection.setNoDelay(true);
  return connection;
}

/** Writes all of it; `false` once the connection is gone. */
export async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    return true;
  } catch {
    return false;
  }
}

/** What comes until the other side ends the connection, as text. */
export async function readToEnd(connection: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const length = await connection.read(chunk).catch(() => null);
    if (length === null) return text;
    text += new TextDecoder().decode(chunk.subarray(0, length));
  }
}

/** Until the other side has been silent for a while: on a socket that waits for a close there is no end. */
async function drain(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(1 << 20);
  for (let bytes = 0;;) {
    const silence = Promise.withResolvers<null>();
    const timer = setTimeout(() => silence.resolve(null), SILENCE_MS);
    const read = connection.read(buffer).catch(() => null);
    const got = await Promise.race([read, silence.promise]);
    clearTimeout(timer);
    if (got === null) return bytes;
    bytes += got;
  }
}

function closeCode(payload: Uint8Array): number {
  return payload.length < 2 ? 1005 : (payload[0] ?? 0) << 8 | (payload[1] ?? 0);
}

interface Reader {
  head(): Promise<string>;
  frame(): Promise<RawFrame | null>;
  text(bytes: number): Promise<string>;
}

function makeReader(connection: Deno.Conn): Reader {
  let buffer = new Uint8Array(0);
  const chunk = new Uint8Array(65_536);

  async function more(): Promise<boolean> {
    const length = await connection.read(chunk).catch(() => null);
    if (length === null) return false;
    buffer = joined([buffer, chunk.subarray(0, length)]);
    return true;
  }

  async function head(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(buffer);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        buffer = buffer.slice(end + 4);
        return text.slice(0, end);
      }
      if (!await more()) return text;
    }
  }

  async function frame(): Promise<RawFrame | null> {
    for (;;) {
      const got = takeFrame(buffer);
      if (got === null) {
        if (!await more()) return null;
        continue;
      }
      buffer = buffer.slice(got.size);
      return got.frame;
    }
  }

  async function text(bytes: number): Promise<string> {
    while (buffer.length < bytes && await more());
    const got = buffer.slice(0, bytes);
    buffer = buffer.slice(bytes);
    return new TextDecoder().decode(got);
  }

  return { head, frame, text };
}

/** The frame that a buffer begins with, and its size; `null` where it is not whole. Servers do not mask. */
function takeFrame(buffer: Uint8Array): { readonly frame: RawFrame; readonly size: number } | null {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  if (view.byteLength < 2) return null;
  const short = view.getUint8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (view.byteLength < start) return null;
  const length = short < 126
    ? short
    : short === 126
    ? view.getUint16(2)
    : Number(view.getBigUint64(2));
  if (view.byteLength < start + length) return null;
  const payload = buffer.slice(start, start + length);
  return { frame: { opcode: view.getUint8(0) & 0x0f, payload }, size: start + length };
}
