/**
 * What can happen to the server: past-tense facts that an adapter reports to {@linkcode reduce}.
 *
 * @module
 */
import type { ConnId, Millis, Owner } from "./ids.ts";
import type { Message } from "./message.ts";

/**
 * A token as the rules see it. What it says is known at the edge only: no state, event or recording can give it
 * away.
 */
export interface Token {
  /** The same for the same token. */
  readonly owner: Owner;
  /** How many characters it has. */
  readonly length: number;
  /** Whether there are control characters in it. */
  readonly hasControl: boolean;
}

/** What a token proves, as far as the adapter that checks tokens could tell. */
export type Identity =
  /** Tokens are not checked: this one only has to be the same again. */
  | { readonly kind: "unchecked" }
  /** The token is good for these ids, and until `endsAt` if it ends. */
  | {
    readonly kind: "proven";
    /** The same for the same subject. */
    readonly owner: Owner;
    readonly ids: readonly string[];
    readonly endsAt: Millis | null;
  }
  | { readonly kind: "rejected"; readonly reason: string };

/** A socket was opened. A parameter that is missing or empty is `null`. */
export interface SocketOpened {
  readonly kind: "socket-opened";
  readonly conn: ConnId;
  readonly id: string | null;
  readonly token: Token | null;
  /** Whether it is the server's key. */
  readonly key: "right" | "wrong" | null;
  /** Where the client comes from, as far as it is known; empty where it is not. */
  readonly address: string;
  /** The `Origin` header, which browsers send and pages cannot forge. */
  readonly origin: string | null;
  /** Whether that is the server's own origin; told only where option `cors` lists origins. */
  readonly ownOrigin: boolean;
  readonly queryLength: number;
  /** What the token proves; `pending` where it is to be checked, which a `token-checked` tells later. */
  readonly identity: Identity | { readonly kind: "pending" };
}

/** The token of a socket that waits for it was checked. */
export interface TokenChecked {
  readonly kind: "token-checked";
  readonly conn: ConnId;
  readonly identity: Identity;
}

/** A whole message arrived on a socket: text, or binary that holds text. */
export interface FrameReceived {
  readonly kind: "frame-received";
  readonly conn: ConnId;
  readonly text: string;
}

/**
 * A whole binary message of so many bytes arrived on a socket, and is no UTF-8 text, or too large to be looked
 * at. One that is text is a `frame-received`.
 */
export interface BinaryReceived {
  readonly kind: "binary-received";
  readonly conn: ConnId;
  readonly bytes: number;
}

/** A socket is closed, by either side or by a fault; it may be reported more than once. */
export interface SocketClosed {
  readonly kind: "socket-closed";
  readonly conn: ConnId;
  /** The close code that was received: 1005 where there was none in the close, 1006 where there was no close. */
  readonly code: number;
}

/** A client answered no ping for `ping_timeout`, and sent nothing else. */
export interface PingUnanswered {
  readonly kind: "ping-unanswered";
  readonly conn: ConnId;
}

/** A socket is gone, or was cut off because it does not read, and what was to be sent on it was not sent. */
export interface SendFailed {
  readonly kind: "send-failed";
  readonly conn: ConnId;
  /** What was to be sent; `null` where it was nothing, or something of the server's own. */
  readonly message: Message | null;
}

/** A socket that still reads has so much unsent that a message was not taken: the socket stays open. */
export interface SendRefused {
  readonly kind: "send-refused";
  readonly conn: ConnId;
  readonly message: Message;
}

/** Time has passed; the runtime reports it when `nextWakeAt` says that something is due. */
export interface Tick {
  readonly kind: "tick";
}

/** The process was asked to end. */
export interface ShutdownRequested {
  readonly kind: "shutdown-requested";
}

/** Everything that can happen. */
export type Event =
  | SocketOpened
  | TokenChecked
  | FrameReceived
  | BinaryReceived
  | SocketClosed
  | PingUnanswered
  | SendFailed
  | SendRefused
  | Tick
  | ShutdownRequested;
