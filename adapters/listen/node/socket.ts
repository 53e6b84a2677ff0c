/**
 * The limits of `npm:ws`, and a repair of what an end costs it.
 *
 * @module
 */
import { Writable } from "node:stream";
import type { Settings } from "../../../core/mod.ts";
import { OwnedSocket } from "./node_socket.ts";

/** Options of `WebSocketServer`: its sockets, and what limits memory and time. */
export interface SocketBounds {
  readonly WebSocket: typeof OwnedSocket;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly closeTimeout: number;
  readonly perMessageDeflate: false;
  readonly allowSynchronousEvents: false;
}

/**
 * The limits that follow from the settings.
 *
 * A message of up to twice `max_message_bytes`, all fragments together, is read, so that the client gets the core's
 * `ERROR`. A larger one is not read to its end: `npm:ws` closes the socket with 1009.
 */
export function socketBounds(
  { max_message_bytes }: Pick<Settings, "max_message_bytes">,
): SocketBounds {
  const maxPayload = 2 * max_message_bytes;
  return {
    WebSocket: OwnedSocket,
    maxPayload,
    maxFragments: Math.max(PARTS_MIN, Math.ceil(maxPayload / FRAGMENT_BYTES)),
    maxBufferedChunks: Math.max(PARTS_MIN, Math.ceil(maxPayload / CHUNK_BYTES)),
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
    // One message per turn of the event loop: thousands in one chunk delayed other clients by 290 ms, now by 12 ms.
    allowSynchronousEvents: false,
  };
}

/**
 * Makes `end` do nothing on a stream that has ended; does nothing to what is no stream.
 *
 * When a connection ends, `npm:ws` calls `end` again on it, and twice on its receiver, for which there is no public
 * access. Each time `node:stream` makes an error that nobody gets. Under Deno its stack trace costs 70 µs: all of them
 * took a third of the time of an open and a close.
 */
export function endOnce(stream: unknown): void {
  if (stream instanceof Writable) stream.end = endUnlessOver;
}

/** One function for all streams: a closure for each takes memory. */
function endUnlessOver(this: Writable, ...args: unknown[]): Writable {
  if (args.length === 0 && (this.writableEnded || this.destroyed)) return this;
  return Reflect.apply(Reflect.get(Object.getPrototypeOf(this), "end"), this, args);
}

/**
 * Every part of a message takes some hundred bytes beside its data, so a message in parts of one byte takes a hundred
 * times its size. The limits allow fragments of 1 KiB and network chunks of 128 bytes on average, and always 64 parts.
 */
const FRAGMENT_BYTES = 1_024;
const CHUNK_BYTES = 128;
const PARTS_MIN = 64;

/** How long a client may take to answer a close before its connection is ended. */
const CLOSE_TIMEOUT_MS = 5_000;
