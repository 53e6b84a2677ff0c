/**
 * A crowd of clients that costs less than the server: plain TCP connections to many addresses of loopback, because one
 * pair of addresses has 28,000 ports. Nobody reads after the `OPEN`: the kernel keeps the little that comes.
 */
import { maskedFrame } from "../client.ts";

/** Addresses that are dialled in turn: each has room for 28,000 connections from 127.0.0.1. */
const ADDRESSES = 16;
/** Opens that are under way at a time. */
const AT_ONCE = 200;
/** The answer and the `OPEN` are shorter together. */
const READ_SIZE = 2_048;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** One client of the crowd. */
export interface Member {
  readonly id: string;
  readonly connection: Deno.TcpConn;
}

/** Frames that are encoded once. */
export function encoded(text: string): Uint8Array<ArrayBuffer> {
  return maskedFrame(encoder.encode(text));
}

/** Opens clients; settles when the server has said `OPEN` to each. */
export async function join(port: number, serials: readonly number[]): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    const buffer = new Uint8Array(READ_SIZE);
    for (let serial = serials[next++]; serial !== undefined; serial = serials[next++]) {
      members.push(await openMember(port, serial, buffer));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return members;
}

/** Each has an address of its own, behind what the server takes for a proxy. */
async function openMember(port: number, serial: number, buffer: Uint8Array): Promise<Member> {
  const hostname = `127.0.0.${1 + serial % ADDRESSES}`;
  const connection = await Deno.connect({ hostname, port });
  const id = crypto.randomUUID();
  const address = `10.${serial >>> 16 & 255}.${serial >>> 8 & 255}.${serial & 255}`;
  await connection.write(encoder.encode(
    `GET /peerjs?key=peerjs&id=${id}&token=${id.slice(0, 11)}&version=1.5.5 HTTP/1.1\r\n` +
      `Host: x\r\nX-Forwarded-For: ${address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  let said = "";
  while (!said.includes('{"type":"OPEN"')) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error(`Cannot open client ${serial}; the server said: ${said}`);
    said += decoder.decode(buffer.subarray(0, length));
  }
  return { id, connection };
}

/** Ends connections as a page does that is closed while it can say nothing. */
export function leave(members: readonly Member[]): void {
  for (const { connection } of members) connection.close();
}

/** Sends a frame of each, as soon as the connection takes it. */
export async function say(
  rows: readonly (readonly [Member, Uint8Array<ArrayBuffer>])[],
): Promise<void> {
  await Promise.all(rows.map(async ([{ connection }, frame]) => {
    for (let sent = 0; sent < frame.length;) {
      sent += await connection.write(frame.subarray(sent));
    }
  }));
}
