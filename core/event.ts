/**
 * Events: facts, in the past tense, that an adapter reports to {@linkcode reduce}.
 *
 * @module
 */
import type { EngineAnswer, NodeName } from "./cluster/command.ts";
import type { LinkFrame } from "./cluster/member.ts";
import type { ConnId, Millis, Owner, PeerId } from "./ids.ts";
import type { Message } from "./message.ts";

/** A token without its text, which stays in the adapter: no state, event or recording can leak it. */
export interface Token {
  /** A digest of the token. */
  readonly owner: Owner;
  /** In characters (UTF-16 units). */
  readonly length: number;
  readonly hasControl: boolean;
}

/** What the check of a token proved. */
export type Identity =
  /** Nobody checked the token: whoever presents it again is its owner. */
  | { readonly kind: "unchecked" }
  /** The token is valid for these ids, until `endsAt` or, with `null`, without an end. */
  | {
    readonly kind: "proven";
    /** A digest of the token's subject. */
    readonly owner: Owner;
    readonly ids: readonly string[];
    readonly endsAt: Millis | null;
  }
  | { readonly kind: "rejected"; readonly reason: string };

/** A socket opened. A parameter that is missing or empty is `null`. */
export interface SocketOpened {
  readonly kind: "socket-opened";
  readonly conn: ConnId;
  readonly id: string | null;
  readonly token: Token | null;
  /** How the given key compares to option `key`. */
  readonly key: "right" | "wrong" | null;
  /** The client's address; empty if it is not known. */
  readonly address: string;
  /** The `Origin` header: browsers send it, and pages cannot forge it. */
  readonly origin: string | null;
  /** Whether `origin` is the server's own; computed only if option `cors` lists origins. */
  readonly ownOrigin: boolean;
  readonly queryLength: number;
  /** What the token proves; `pending` until a `token-checked` event reports it. */
  readonly identity: Identity | { readonly kind: "pending" };
}

/** The check of a pending socket's token finished. */
export interface TokenChecked {
  readonly kind: "token-checked";
  readonly conn: ConnId;
  readonly identity: Identity;
}

/** A whole frame arrived on a socket: text, or binary data that is UTF-8 text. */
export interface FrameReceived {
  readonly kind: "frame-received";
  readonly conn: ConnId;
  readonly text: string;
}

/** A whole binary frame arrived on a socket that is not UTF-8 text, or is over `max_message_bytes` and not decoded. */
export interface BinaryReceived {
  readonly kind: "binary-received";
  readonly conn: ConnId;
  readonly bytes: number;
}

/** Either side closed a socket, or it failed. An adapter may report this more than once. */
export interface SocketClosed {
  readonly kind: "socket-closed";
  readonly conn: ConnId;
  /** The received close code: 1005 for a close frame without a code, 1006 for a connection without a close frame. */
  readonly code: number;
}

/** A client sent nothing for `ping_timeout`, not even an answer to a ping. */
export interface PingUnanswered {
  readonly kind: "ping-unanswered";
  readonly conn: ConnId;
}

/** A send failed because its socket is gone, or was cut off as a slow reader. */
export interface SendFailed {
  readonly kind: "send-failed";
  readonly conn: ConnId;
  /** The message that was not sent; `null` if there was none, or if it was a frame of the server itself. */
  readonly message: Message | null;
}

/** A message was not sent because its socket has too much unsent; the socket stays open. */
export interface SendRefused {
  readonly kind: "send-refused";
  readonly conn: ConnId;
  readonly message: Message;
}

/** Time passed; the runtime reports it when `nextWakeAt` is due. */
export interface Tick {
  readonly kind: "tick";
}

/** The operator or the application disconnects whoever holds an id. */
export interface ClientDismissed {
  readonly kind: "client-dismissed";
  readonly id: PeerId;
  /** The sentence for the client; `null` for the usual one. */
  readonly reason: string | null;
}

/** The server is asked to close its clients in waves within `ms`, because it will be asked to shut down after that. */
export interface DrainRequested {
  readonly kind: "drain-requested";
  readonly ms: number;
}

/** The server is asked to shut down. */
export interface ShutdownRequested {
  readonly kind: "shutdown-requested";
}

/** The server is a node of a cluster: it admits nobody without the engine. */
export interface ClusterStarted {
  readonly kind: "cluster-started";
  /** The other nodes are threads of this process. */
  readonly isNear?: true;
}

/** A connection to the engine is there, and the one before it is gone. */
export interface EngineConnected {
  readonly kind: "engine-connected";
  /** A random name, for a node that needs one. */
  readonly name: NodeName;
  /** A random generation, for an engine that has none. */
  readonly generation: string;
}

/** The connection to the engine is gone. */
export interface EngineLost {
  readonly kind: "engine-lost";
}

/** The engine answered a command. */
export interface EngineAnswered {
  readonly kind: "engine-answered";
  /** The connection of the command. */
  readonly conn: number;
  readonly request: number;
  readonly answer: EngineAnswer;
}

/** The engine refused a command with an error, and did not run it. */
export interface EngineFailed {
  readonly kind: "engine-failed";
  readonly conn: number;
  readonly request: number;
  /** The error, for people. */
  readonly why: string;
}

/** Notices wait for this node. */
export interface DoorbellRang {
  readonly kind: "doorbell-rang";
}

/** A probe of this node came back over its subscription. */
export interface ProbeHeard {
  readonly kind: "probe-heard";
  readonly number: number;
}

/** Another node published a frame to this one. */
export interface LinkReceived {
  readonly kind: "link-received";
  readonly frame: LinkFrame;
}

/** The process was suspended; the time of the loop stood still. Reported to a node of a cluster only. */
export interface Paused {
  readonly kind: "paused";
  readonly ms: number;
}

/** What only a node of a cluster is told. */
export type ClusterEvent =
  | ClusterStarted
  | EngineConnected
  | EngineLost
  | EngineAnswered
  | EngineFailed
  | DoorbellRang
  | ProbeHeard
  | LinkReceived
  | Paused;

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
  | ClientDismissed
  | DrainRequested
  | ShutdownRequested
  | ClusterEvent;
