/**
 * The limits of `npm:ws`, and a watch that pings each socket and detects dead clients and floods.
 *
 * Each socket has one timer, which is set again only when it fires: a message costs no timer, and nothing loops over
 * all sockets.
 *
 * @module
 */
import { scheduleTimeout } from "../../clock.ts";
import { type Duplex, Writable } from "node:stream";
import type { WebSocket } from "../../ws.ts";
import type { Settings } from "../../../core/mod.ts";

/** Options of `WebSocketServer` that limit memory and time. */
export interface SocketBounds {
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
  if (!(stream instanceof Writable)) return;
  const { end } = stream;
  stream.end = (...args: unknown[]) => {
    const isOver = stream.writableEnded || stream.destroyed;
    return args.length === 0 && isOver ? stream : Reflect.apply(end, stream, args);
  };
}

/** How long a client may be silent, and what happens then. */
export interface SocketWatch {
  readonly pingTimeoutMs: number;
  /** The time of the loop in milliseconds, which excludes pauses of the process. */
  readonly now: () => number;
  /** Called for an open socket that was silent for `pingTimeoutMs`, before its connection is ended. */
  readonly onUnanswered: () => void;
}

/**
 * Watches a socket until it closes.
 *
 * After half of `pingTimeoutMs` in silence it sends a ping; after all of it, it ends the connection. More than 32 pings
 * and pongs in a second close the socket with 1008. After a close, at most 1 MiB of further data is read.
 */
export function watchSocket(
  socket: WebSocket,
  connection: Duplex,
  { pingTimeoutMs, now, onUnanswered }: SocketWatch,
): void {
  const pingAfterMs = pingTimeoutMs / 2;
  let heardAt = now();
  let controlFrames = 0;
  let secondBeganAt = heardAt;
  let lateBytes = 0;

  function check(): void {
    const silentMs = now() - heardAt;
    if (silentMs >= pingTimeoutMs) {
      if (socket.readyState === socket.OPEN) onUnanswered();
      // The core closes the socket of a client. One that it does not know is still open.
      if (socket.readyState === socket.OPEN) socket.terminate();
      return;
    }
    const isQuiet = silentMs >= pingAfterMs;
    if (isQuiet && socket.readyState === socket.OPEN) socket.ping();
    cancel = scheduleTimeout(check, Math.ceil((isQuiet ? pingTimeoutMs : pingAfterMs) - silentMs));
  }

  function countControl(): void {
    const at = now();
    if (at - secondBeganAt >= 1_000) {
      secondBeganAt = at;
      controlFrames = 0;
    }
    controlFrames++;
    if (controlFrames > CONTROL_FRAMES_MAX) socket.close(POLICY_VIOLATION, "Too many pings");
  }

  /**
   * Counts data after the close. Past the limit it ends the connection, with a delay that lets the close frame
   * arrive.
   */
  function discard(bytes: number): void {
    const wasLate = lateBytes > LATE_BYTES_MAX;
    lateBytes += bytes;
    if (wasLate || lateBytes <= LATE_BYTES_MAX) return;
    socket.pause();
    cancel();
    cancel = scheduleTimeout(() => socket.terminate(), LATE_GRACE_MS);
  }

  let cancel = scheduleTimeout(check, pingAfterMs);
  connection.on("data", ({ length }: Uint8Array) => {
    heardAt = now();
    if (socket.readyState !== socket.OPEN) discard(length);
  });
  socket.on("ping", countControl);
  socket.on("pong", countControl);
  // `npm:ws` has sent a close frame already. Without a listener an "error" event ends the process.
  socket.on("error", () => {});
  socket.on("close", () => cancel());
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

/** What a client may have sent before the close frame reaches it. The largest burst of a mesh fits. */
const LATE_BYTES_MAX = 1_048_576;
const LATE_GRACE_MS = 1_000;

/** Per second. Browsers send no pings, libraries one every few seconds. */
const CONTROL_FRAMES_MAX = 32;

/** RFC 6455, section 7.4.1. */
const POLICY_VIOLATION = 1008;
