/**
 * Broken upgrade requests and frames for a server that runs: bytes on a TCP socket, as no WebSocket library
 * would send them. After every volley a client that was there before must still be served.
 */
import { join } from "../support/peer_socket.ts";
import { connect, frame as rawFrame, readToEnd, write } from "../support/raw_socket.ts";
import frames from "./frames.json" with { type: "json" };
import { type Dice, pick } from "../sim/dice.ts";
import { mutate } from "./mutate.ts";

/** Where the server is. */
export interface Target {
  readonly port: number;
  readonly wsUrl: string;
}

/** Requests as a browser sends them, the socket's first. */
const REQUESTS = [
  "GET /peerjs?key=peerjs&id=fuzz&token=abc&version=1.5.5 HTTP/1.1\r\nHost: localhost:9000\r\n" +
  "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://app.example\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
  "GET /peerjs/id?ts=17&version=1.5.5 HTTP/1.1\r\nHost: localhost:9000\r\nConnection: close\r\n\r\n",
  "GET /peerjs/peers HTTP/1.1\r\nHost: localhost:9000\r\nX-Forwarded-For: 192.0.2.7, 10.0.0.1\r\n" +
  "Connection: close\r\n\r\n",
];
const [UPGRADE = ""] = REQUESTS;

/** How many connections a volley opens at once. */
export const VOLLEY = 8;
/** How long a connection may last before it is given up. */
const SILENCE_MS = 100;

/** Fires so many volleys, and checks after each that the bystander is served. */
export async function fuzzWire(dice: Dice, target: Target, volleys: number): Promise<number> {
  await using bystander = await join(target, "bystander");
  for (let volley = 0; volley < volleys; volley++) {
    await Promise.all(Array.from({ length: VOLLEY }, () => fire(target.port, shot(dice))));
    bystander.send({ type: "HEARTBEAT" });
    const { closed } = await bystander.fence();
    if (closed !== null) throw new Error(`A bystander was closed: ${closed.code} ${closed.reason}`);
    const about = await fetch(`http://127.0.0.1:${target.port}/`);
    if (about.status !== 200) throw new Error(`The server answers ${about.status}`);
    await about.body?.cancel();
  }
  return volleys * VOLLEY;
}

/** A broken request, or a good upgrade with broken frames behind it. */
function shot(dice: Dice): Uint8Array[] {
  const encoder = new TextEncoder();
  if (dice.chance() < 0.4) return [encoder.encode(mutate(dice, REQUESTS))];
  const id = `fuzz${dice.below(4)}`;
  const parts: Uint8Array[] = [encoder.encode(UPGRADE.replace("id=fuzz", `id=${id}`))];
  for (let i = 1 + dice.below(6); i > 0; i--) {
    const text = dice.chance() < 0.3 ? pick(dice, frames) : mutate(dice, frames);
    parts.push(frame(dice, encoder.encode(text)));
  }
  return parts;
}

/** A frame in which now and then a bit of the head is turned. */
export function frame(dice: Dice, payload: Uint8Array): Uint8Array {
  const bytes = rawFrame(payload);
  if (dice.chance() < 0.3) {
    const at = dice.below(bytes.length - payload.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
  }
  return bytes;
}

/** Sends all of it, then reads until the server closes or time is over. */
export async function fire(port: number, parts: readonly Uint8Array[]): Promise<void> {
  using connection = await connect(port);
  const timer = setTimeout(() => connection.close(), SILENCE_MS);
  // The server may end a broken connection at any time; that is what is asked of it.
  for (const part of parts) await write(connection, part);
  await readToEnd(connection);
  clearTimeout(timer);
}
