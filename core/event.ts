/**
 * What can happen to the server: past-tense facts that an adapter reports to {@linkcode reduce}.
 *
 * @module
 */
import type { ConnId } from "./ids.ts";

/** A socket was opened. The three parameters are as they came in its URL, `null` where missing. */
export interface SocketOpened {
  readonly kind: "socket-opened";
  readonly conn: ConnId;
  readonly id: string | null;
  readonly token: string | null;
  readonly key: string | null;
  /** Where the client comes from, as far as it is known; empty where it is not. */
  readonly address: string;
}

/** A whole text message arrived on a socket. */
export interface FrameReceived {
  readonly kind: "frame-received";
  readonly conn: ConnId;
  readonly text: string;
}

/** A whole binary message of so many bytes arrived on a socket; no rule looks inside it. */
export interface BinaryReceived {
  readonly kind: "binary-received";
  readonly conn: ConnId;
  readonly bytes: number;
}

/** A socket is closed, by either side or by a fault; it may be reported more than once. */
export interface SocketClosed {
  readonly kind: "socket-closed";
  readonly conn: ConnId;
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
  | FrameReceived
  | BinaryReceived
  | SocketClosed
  | Tick
  | ShutdownRequested;
