/**
 * What the server is to do, and what it has decided: {@linkcode reduce} returns effects, an adapter performs
 * those that need I/O, in order, and tells all of them to whoever watches.
 *
 * @module
 */
import type { ConnId, PeerId } from "./ids.ts";
import type { Answer, Message } from "./message.ts";
import { encodeAnswer } from "./wire/frame.ts";
import { isLongerThan, utf8Length } from "./wire/text.ts";

/** Send this text, already encoded, as one message. */
export interface Send {
  readonly kind: "send";
  readonly conn: ConnId;
  readonly text: string;
  /** What the text says. */
  readonly meaning: Message | Answer;
  /** Whether it is a message that waited until its destination came. */
  readonly hasWaited: boolean;
}

/** Close the socket; whatever arrives on it from now on is to be ignored. */
export interface Close {
  readonly kind: "close";
  readonly conn: ConnId;
  readonly code: CloseCode;
  /** At most 123 bytes of UTF-8, the room a close frame has (RFC 6455, 5.5). */
  readonly reason: string;
}

/** Check the token of this socket, and tell the outcome as a `token-checked`. */
export interface CheckToken {
  readonly kind: "check-token";
  readonly conn: ConnId;
}

/** What the server decided, for whoever watches. There is nothing to do. */
export type Note = Admitted | Refused | Left | Kept | Undelivered | Expired | Drained | Odd;

/** A client holds its id from now on. */
export interface Admitted {
  readonly kind: "note";
  readonly what: "admitted";
  readonly conn: ConnId;
  readonly id: PeerId;
  /** Where it comes from, as far as that is known. */
  readonly address: string;
  /** The connection that it took the id over from; `null` where nobody held it. */
  readonly replaces: ConnId | null;
}

/** A socket was turned away: it never held an id. */
export interface Refused {
  readonly kind: "note";
  readonly what: "refused";
  readonly conn: ConnId;
  /** What it asked for, from where, and for a page of which origin. */
  readonly id: string | null;
  readonly address: string;
  readonly origin: string | null;
  readonly code: CloseCode;
  readonly reason: string;
}

/** A client's id is free, or its successor's. */
export interface Left {
  readonly kind: "note";
  readonly what: "left";
  readonly conn: ConnId;
  readonly id: PeerId;
  /** Who ended the connection; one that was lost counts as ended by the client. */
  readonly by: "client" | "server";
  /** The close code: the server's, or the client's own (1005 and 1006 as in `SocketClosed`). */
  readonly code: number;
  /** The server's; empty where the client ended it. */
  readonly reason: string;
}

/** A message waits for its destination. */
export interface Kept {
  readonly kind: "note";
  readonly what: "stored";
  readonly message: Message;
}

/** A message is neither handed over nor kept. */
export interface Undelivered {
  readonly kind: "note";
  readonly what: "undelivered";
  readonly message: Message;
  /**
   * There is no room for it; no peer can have its destination's id; its destination reads too slowly; it is a
   * `LEAVE`, which says nothing to a peer that is not there.
   */
  readonly why: "no-room" | "no-such-id" | "slow-reader" | "absent";
  /** Whether its source is told by an `EXPIRE`; one stands for all of an attempt. */
  readonly isTold: boolean;
}

/** A message waited for too long. */
export interface Expired {
  readonly kind: "note";
  readonly what: "expired";
  readonly src: PeerId;
  readonly dst: PeerId;
  readonly isTold: boolean;
}

/** So many messages that waited are sent to their destination. */
export interface Drained {
  readonly kind: "note";
  readonly what: "drained";
  readonly id: PeerId;
  readonly count: number;
}

/** A frame was no message: its sender is told what was wrong, or its type is unknown, or nobody holds an id there. */
export interface Odd {
  readonly kind: "note";
  readonly what: "bad-frame" | "unknown-type" | "ignored";
  readonly conn: ConnId;
  /** Who sent it; `null` where it is ignored. */
  readonly id: PeerId | null;
}

/** Everything that the server can be told to do, and everything that it tells. */
export type Effect = Send | Close | CheckToken | Note;

/** Why a socket is closed. The stock client ignores the code; people and proxies read it. */
export const CLOSE = {
  shutdown: 1001,
  tooBig: 1009,
  tryAgainLater: 1013,
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

/** The effect that hands a message over on `conn`. */
export function pass(conn: ConnId, message: Message): Send {
  return { kind: "send", conn, text: message.text, meaning: message, hasWaited: false };
}

/** The effect that says something on `conn`. */
export function say(conn: ConnId, answer: Answer): Send {
  return { kind: "send", conn, text: encodeAnswer(answer), meaning: answer, hasWaited: false };
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
