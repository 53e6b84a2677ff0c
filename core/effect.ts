/**
 * Effects: what the server does and decides. {@linkcode reduce} returns them; an adapter performs, in order,
 * those that need I/O, and passes all of them to its observers.
 *
 * @module
 */
import type { EngineCommand, NodeName } from "./cluster/command.ts";
import type { LinkFrame } from "./cluster/member.ts";
import type { ConnId, PeerId } from "./ids.ts";
import type { Answer, Message, MessageType } from "./message.ts";
import { encodeAnswer } from "./wire/frame.ts";
import { isLongerThan, utf8Length } from "./wire/text.ts";

/** Send an encoded text as one frame. */
export interface Send {
  readonly kind: "send";
  readonly conn: ConnId;
  readonly text: string;
  /** The content of `text` as data, so that nobody decodes it again. */
  readonly meaning: Message | Answer;
  /** Whether the message waited in a mailbox. */
  readonly hasWaited: boolean;
}

/** Close the socket, and ignore what arrives on it from now on, or, if it `readsOn`, from its close on. */
export interface Close {
  readonly kind: "close";
  readonly conn: ConnId;
  readonly code: CloseCode;
  /** At most 123 bytes of UTF-8, the room a close frame has (RFC 6455, 5.5). */
  readonly reason: string;
  /** What its client had said before it heard of the close, and the end of the socket, are still reported. */
  readonly readsOn?: true;
}

/** Check the token of this socket, and report the result as a `token-checked` event. */
export interface CheckToken {
  readonly kind: "check-token";
  readonly conn: ConnId;
}

/** Ask the engine of the cluster, and report its answer to `request`. */
export interface AskEngine {
  readonly kind: "ask-engine";
  readonly request: number;
  readonly command: EngineCommand;
}

/** Publish a frame on the channel of the node that it is for. */
export interface Publish {
  readonly kind: "publish";
  readonly frame: LinkFrame;
}

/** Drop the connection to the engine, and make another. */
export interface ReconnectEngine {
  readonly kind: "reconnect-engine";
  readonly why: string;
}

/** What only a node of a cluster does. */
export type ClusterEffect = AskEngine | Publish | ReconnectEngine;

/** A decision of the server, for observers; it needs no I/O. */
export type Note =
  | Admitted
  | Refused
  | Left
  | Kept
  | Undelivered
  | Expired
  | Drained
  | Odd
  | SentOn
  | PassedOn
  | Waits
  | NodeJoined
  | NodeCut
  | DrainBegan
  | DrainEnded;

/** A client was admitted and holds its id. */
export interface Admitted {
  readonly kind: "note";
  readonly what: "admitted";
  readonly conn: ConnId;
  readonly id: PeerId;
  /** The client's address; empty if it is not known. */
  readonly address: string;
  /** The connection it took the id over from; `null` if nobody held the id. */
  readonly replaces: ConnId | null;
}

/** A socket was refused; it never held an id. */
export interface Refused {
  readonly kind: "note";
  readonly what: "refused";
  readonly conn: ConnId;
  /** The id it asked for. */
  readonly id: string | null;
  readonly address: string;
  readonly origin: string | null;
  readonly code: CloseCode;
  readonly reason: string;
}

/** A client no longer holds its id: the id is free, or a newer connection took it over. */
export interface Left {
  readonly kind: "note";
  readonly what: "left";
  readonly conn: ConnId;
  readonly id: PeerId;
  /** Who ended the connection; a lost connection counts as ended by the client. */
  readonly by: "client" | "server";
  /** The close code of the side that ended it (1005 and 1006 as in `SocketClosed`). */
  readonly code: number;
  /** The server's reason; empty if the client ended the connection. */
  readonly reason: string;
}

/** A message was stored for an absent destination. */
export interface Kept {
  readonly kind: "note";
  readonly what: "stored";
  readonly message: Message;
}

/** A message was neither sent nor stored. */
export interface Undelivered {
  readonly kind: "note";
  readonly what: "undelivered";
  readonly message: Message;
  /**
   * `no-room`: a bound of the store (QUEUE-2). `no-such-id`: no peer can have the destination's id (MSG-13).
   * `slow-reader`: the destination has too much unsent (LIMIT-6). `absent`: a `LEAVE` to a peer that is not
   * connected (MSG-3).
   */
  readonly why: "no-room" | "no-such-id" | "slow-reader" | "absent";
  /** Whether its source gets an `EXPIRE`; an attempt has at most one. */
  readonly isTold: boolean;
}

/** A stored message reached its deadline. */
export interface Expired {
  readonly kind: "note";
  readonly what: "expired";
  readonly type: MessageType;
  readonly src: PeerId;
  readonly dst: PeerId;
  readonly isTold: boolean;
}

/** The `count` messages of a mailbox were sent to their destination. */
export interface Drained {
  readonly kind: "note";
  readonly what: "drained";
  readonly id: PeerId;
  readonly count: number;
}

/** A frame was bad, had an unknown type, or came on a connection that holds no id. */
export interface Odd {
  readonly kind: "note";
  readonly what: "bad-frame" | "unknown-type" | "ignored";
  readonly conn: ConnId;
  /** The sender's id; `null` for `ignored`. */
  readonly id: PeerId | null;
}

/** `count` waiting messages were sent to the node that holds their destination. */
export interface SentOn {
  readonly kind: "note";
  readonly what: "sent-on";
  readonly dst: PeerId;
  readonly node: NodeName;
  readonly count: number;
}

/** A message was sent to the thread that holds its destination, without being stored. */
export interface PassedOn {
  readonly kind: "note";
  readonly what: "passed-on";
  readonly message: Message;
}

/** A message that was passed on is stored after all: it came back, or it expires, and then it has no text. */
export interface Waits {
  readonly kind: "note";
  readonly what: "waits";
  readonly message: Message;
}

/** The node joined its cluster, or joined again. */
export interface NodeJoined {
  readonly kind: "note";
  readonly what: "node-joined";
  readonly node: NodeName;
}

/** The lease of the node is over, as far as it can know: it takes no messages of other nodes until it has another. */
export interface NodeCut {
  readonly kind: "note";
  readonly what: "node-cut";
}

/** A drain of `ms` began, with so many clients. */
export interface DrainBegan {
  readonly kind: "note";
  readonly what: "drain-began";
  readonly clients: number;
  readonly ms: number;
}

/** The drain is over: nothing is left to do, or its time is over while `clients` are still connected. */
export interface DrainEnded {
  readonly kind: "note";
  readonly what: "drain-ended";
  readonly clients: number;
}

export type Effect = Send | Close | CheckToken | ClusterEffect | Note;

/** The close codes. The stock client ignores them; people and proxies read them. */
export const CLOSE = {
  shutdown: 1001,
  tooBig: 1009,
  restart: 1012,
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
  dismissed: 4012,
  tooMany: 4029,
} as const;

export type CloseCode = typeof CLOSE[keyof typeof CLOSE];

/** An effect that sends a peer's message on `conn`. */
export function pass(conn: ConnId, message: Message): Send {
  return { kind: "send", conn, text: message.text, meaning: message, hasWaited: false };
}

/** An effect that sends an answer of the server on `conn`. */
export function say(conn: ConnId, answer: Answer): Send {
  return { kind: "send", conn, text: encodeAnswer(answer), meaning: answer, hasWaited: false };
}

/** An effect that closes `conn`. A `reason` that does not fit into a close frame is cut. */
export function close(conn: ConnId, code: CloseCode, reason: string): Close {
  return { kind: "close", conn, code, reason: cutReason(reason) };
}

/** A control frame holds 125 bytes, and the close code takes two of them (RFC 6455, 5.5). */
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
