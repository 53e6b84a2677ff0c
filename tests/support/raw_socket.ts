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
  using connection = await connect(place);
  await write(connection, request);
  return await within(readToEnd(connection), END_MAX_MS, "The server did not end the connection");
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
  const socket = new RawSocket(await connect(place));
  await socket.write(request);
  await socket.readHead();
  return socket;
}

/** A connection that a test asked to become a WebSocket. */
export class RawSocket implements Disposable {
  /** The head of the answer to its request. */
  head = "";
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(65_536);
  #buffer = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Sends bytes as they are; `false` once the connection is gone. */
  async write(bytes: Uint8Array): Promise<boolean> {
    return await write(this.#connection, bytes);
  }

  async send(payload: string | Uint8Array, options?: FrameOptions): Promise<boolean> {
    return await this.write(frame(payload, options));
  }

  async readHead(): Promise<void> {
    const text = (): string => new TextDecoder("latin1").decode(this.#buffer);
    const isWhole = (): boolean => text().includes("\r\n\r\n");
    await this.#until(isWhole, "No answer came");
    const [head = ""] = text().split("\r\n\r\n", 1);
    this.head = head;
    this.#take(head.length + 4);
  }

  /** The next frame; `null` where the connection ended instead. */
  async next(): Promise<RawFrame | null> {
    const isWhole = (): boolean => takeFrame(this.#buffer) !== null;
    await this.#until(isWhole, "Neither a frame nor the end came");
    const got = takeFrame(this.#buffer);
    this.#take(got?.size ?? 0);
    return got?.frame ?? null;
  }

  async json(): Promise<unknown> {
    const got = await this.next();
    if (got?.opcode !== OPCODE.text) throw new Error(`Not a text frame: ${got?.opcode}`);
    return JSON.parse(new TextDecoder().decode(got.payload));
  }

  /** As many bytes as text: the body of an answer that is no upgrade. */
  async text(bytes: number): Promise<string> {
    const isThere = (): boolean => this.#buffer.length >= bytes;
    await this.#until(isThere, "Neither so much text nor the end came");
    return new TextDecoder().decode(this.#take(bytes));
  }

  /** Reads until a close frame or the end: the code, 1006 where there was no close frame. */
  async closed(): Promise<number> {
    for (;;) {
      const got = await this.next();
      if (got === null) return 1006;
      if (got.opcode === OPCODE.close) return closeCode(got.payload);
    }
  }

  /** Reads until the server has ended the connection. */
  async ended(): Promise<void> {
    while (await this.next() !== null);
  }

  /** Reads on, past frames, until nothing more comes for a while: there may be no end. How many bytes came. */
  async drain(): Promise<number> {
    for (let bytes = 0;;) {
      const silence = Promise.withResolvers<null>();
      const timer = setTimeout(() => silence.resolve(null), SILENCE_MS);
      const got = await Promise.race([this.#connection.read(this.#chunk), silence.promise])
        .catch(() => null);
      clearTimeout(timer);
      if (got === null) return bytes;
      bytes += got;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  /** Reads until it is so, or the connection ended. */
  async #until(isSo: () => boolean, what: string): Promise<void> {
    const read = async (): Promise<void> => {
      while (!isSo()) {
        const length = await this.#connection.read(this.#chunk).catch(() => null);
        if (length === null) return;
        this.#buffer = joined([this.#buffer, this.#chunk.subarray(0, length)]);
      }
    };
    await within(read(), END_MAX_MS, what);
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#buffer.slice(0, bytes);
    this.#buffer = this.#buffer.slice(bytes);
    return taken;
  }
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
  for (let text = "";;) {
    const length = await connection.read(chunk).catch(() => null);
    if (length === null) return text;
    text += new TextDecoder().decode(chunk.subarray(0, length));
  }
}

function closeCode(payload: Uint8Array): number {
  return payload.length < 2 ? 1005 : (payload[0] ?? 0) << 8 | (payload[1] ?? 0);
}

/** The frame that a buffer begins with, and its size; `null` where it is not whole. Servers do not mask. */
function takeFrame(buffer: Uint8Array): { readonly frame: RawFrame; readonly size: number } | null {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  if (view.byteLength < 2) return null;
  const short = view.getUint8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (view.byteLength < start) return null;
  const long = (): number => short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
  const length = short < 126 ? short : long();
  if (view.byteLength < start + length) return null;
  const payload = buffer.slice(start, start + length);
  return { frame: { opcode: view.getUint8(0) & 0x0f, payload }, size: start + length };
}
