/**
 * What `npm:ws` is told to bound, and the watch over each of its sockets: who is dead, who floods.
 *
 * Nothing here walks over all sockets: each has one timer, which is moved only when it goes off.
 *
 * @module
 */
import { scheduleTimeout } from "../../clock.ts";
import type { Duplex } from "node:stream";
// @ts-types="@types/ws"
import type { WebSocket } from "ws";
import type { Settings } from "../../../core/mod.ts";

/** The bounds of `npm:ws` that follow from the settings. */
export interface SocketBounds {
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly closeTimeout: number;
  readonly perMessageDeflate: false;
  readonly allowSynchronousEvents: false;
}

/**
 * The bounds that follow from the settings.
 *
 * A message of up to twice `max_message_bytes`, fragments together, is read: the client gets the `ERROR`
 * that says what is wrong. One that is larger is not read to its end, and is closed with 1009 alone.
 */
export function boundsOf({ max_message_bytes }: Pick<Settings, "max_message_bytes">): SocketBounds {
  const maxPayload = 2 * max_message_bytes;
  return {
    maxPayload,
    maxFragments: Math.max(PARTS_MIN, Math.ceil(maxPayload / FRAGMENT_BYTES)),
    maxBufferedChunks: Math.max(PARTS_MIN, Math.ceil(maxPayload / CHUNK_BYTES)),
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
    // One message a turn of the loop: thousands in one chunk let others wait for 290 ms, and now for 12.
    allowSynchronousEvents: false,
  };
}

/** How long a client may be silent, and who is told when it was. */
export interface Watch {
  readonly pingTimeoutMs: number;
  /** A monotonic clock in milliseconds, which stands still while the process does. */
  readonly now: () => number;
  readonly unanswered: () => void;
}

/**
 * Watches over a socket until it is closed.
 *
 * One that is silent for `pingTimeoutMs` is reported and ended, with a ping at half of that. Pings and pongs that come
 * faster than 32 in a second close it with 1008. Of one that goes on sending after its close, no more
 * than 1 MiB is read.
 */
export function watchOver(
  socket: WebSocket,
  connection: Duplex,
  { pingTimeoutMs, now, unanswered }: Watch,
): void {
  const pingAfterMs = pingTimeoutMs / 2;
  let heardAt = now();
  let control = 0;
  let controlSince = heardAt;
  let lateBytes = 0;

  function look(): void {
    const silentMs = now() - heardAt;
    if (silentMs >= pingTimeoutMs) {
      if (socket.readyState === socket.OPEN) unanswered();
      // A client's is closing by now; nobody else would end one that is not a client's.
      if (socket.readyState === socket.OPEN) socket.terminate();
      return;
    }
    const isQuiet = silentMs >= pingAfterMs;
    if (isQuiet && socket.readyState === socket.OPEN) socket.ping();
    cancel = scheduleTimeout(look, Math.ceil((isQuiet ? pingTimeoutMs : pingAfterMs) - silentMs));
  }

  function countControl(): void {
    const at = now();
    if (at - controlSince >= 1_000) {
      controlSince = at;
      control = 0;
    }
    control++;
    if (control > CONTROL_FRAMES_MAX) socket.close(POLICY_VIOLATION, "Too many pings");
  }

  /** The close frame is on its way; an end at once could overtake it. */
  function discard(bytes: number): void {
    const wasLate = lateBytes > LATE_BYTES_MAX;
    lateBytes += bytes;
    if (wasLate || lateBytes <= LATE_BYTES_MAX) return;
    socket.pause();
    cancel();
    cancel = scheduleTimeout(() => socket.terminate(), LATE_GRACE_MS);
  }

  let cancel = scheduleTimeout(look, pingAfterMs);
  connection.on("data", ({ length }: Uint8Array) => {
    heardAt = now();
    if (socket.readyState !== socket.OPEN) discard(length);
  });
  socket.on("ping", countControl);
  socket.on("pong", countControl);
  // What is wrong was answered with a close frame; an error without a listener would end the process.
  socket.on("error", () => {});
  socket.on("close", () => cancel());
}

/**
 * A part is kept with some hundred bytes of its own, so a message in parts of one byte would take a
 * hundredfold: a fragment has 1 KiB on average, a chunk off the network 128 bytes; 64 are always allowed.
 */
const FRAGMENT_BYTES = 1_024;
const CHUNK_BYTES = 128;
const PARTS_MIN = 64;

/** How long a client gets to answer a close before its connection is ended. */
const CLOSE_TIMEOUT_MS = 5_000;

/** What a client may have on its way when it is told of the close; the largest burst of a mesh fits. */
const LATE_BYTES_MAX = 1_048_576;
const LATE_GRACE_MS = 1_000;

/** Browsers send none by themselves, libraries one in some seconds. */
const CONTROL_FRAMES_MAX = 32;

/** RFC 6455, section 7.4.1. */
const POLICY_VIOLATION = 1008;
