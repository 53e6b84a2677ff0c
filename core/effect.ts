/**
 * What the server is to do: imperatives that {@linkcode reduce} returns and an adapter performs, in order.
 *
 * @module
 */
import { isLongerThan, utf8Length } from "./wire/frame.ts";
import type { ConnId } from "./ids.ts";

/** Send this text, already encoded, as one message. */
export interface Send {
  readonly kind: "send";
  readonly conn: ConnId;
  readonly text: string;
}

/** Close the socket; whatever arrives on it from now on is to be ignored. */
export interface Close {
  readonly kind: "close";
  readonly conn: ConnId;
  readonly code: CloseCode;
  /** At most 123 bytes of UTF-8, the room a close frame has (RFC 6455, 5.5). */
  readonly reason: string;
}

/** Everything that the server can be told to do. */
export type Effect = Send | Close;

/** Why a socket is closed. The stock client ignores the code; people and proxies read it. */
export const CLOSE = {
  shutdown: 1001,
  tooBig: 1009,
  replaced: 4000,
  idTaken: 4001,
  badParameters: 4002,
  wrongKey: 4003,
  full: 4004,
  wrongOrigin: 4005,
  notAuthorized: 4006,
  unanswered: 4007,
  timedOut: 4008,
  left: 4009,
  badFrames: 4010,
  tokenExpired: 4011,
  tooMany: 4029,
} as const;

/** One of the close codes of {@linkcode CLOSE}. */
export type CloseCode = typeof CLOSE[keyof typeof CLOSE];

/** The effect that sends `text` on `conn`. */
export function send(conn: ConnId, text: string): Send {
  return { kind: "send", conn, text };
}

/** The effect that closes `conn`; a reason for which a close frame has no room is cut. */
export function close(conn: ConnId, code: CloseCode, reason: string): Close {
  return { kind: "close", conn, code, reason: cutReason(reason) };
}

/** RFC 6455, 5.5: 125 bytes, two of which are the code. */
const REASON_MAX_BYTES = 123;

function cutReason(reason: string): string {
  if (!isLongerThan(reason, REASON_MAX_BYTES)) return reason;
  let [cut, bytes] = ["", utf8Length("…")];
  for (const character of reason) {
    bytes += utf8Length(character);
    if (bytes > REASON_MAX_BYTES) break;
    cut += character;
  }
  return `${cut}…`;
}
