/**
 * Requests and replies in the form that all listeners share.
 *
 * @module
 */
import type { HttpReply } from "../core/mod.ts";
import type { LongBody } from "./http/answers.ts";
import type { StreamBody } from "./http/stream.ts";
import type { Link, SocketLike } from "./sockets/link.ts";

/** The parts of an HTTP request that the server reads. */
export interface IncomingRequest {
  readonly method: string;
  /** The path of the URL, not decoded. */
  readonly path: string;
  /** The query of the URL, with or without the question mark, not decoded. */
  readonly query: string;
  /** Returns a header by its name in lower case; `null` if it is missing. */
  readonly header: (name: string) => string | null;
  /** The raw address of the connection's other end; empty if unknown. */
  readonly remoteAddress: string;
}

/** A reply, whose body is a text, sent in pieces, or a stream. */
export interface Reply extends HttpReply {
  /** Sent in place of `body`. The listener calls its `release` afterwards. */
  readonly long?: LongBody;
  /** Sent in place of `body`, without a length. The listener calls its `release` afterwards. */
  readonly stream?: StreamBody;
}

/** A request that becomes a WebSocket. */
export interface Upgrade {
  readonly kind: "upgrade";
  /** The subprotocol to select; `null` if the client requests none. */
  readonly subprotocol: string | null;
  /** Attaches the socket, open or about to open. A listener that sends pings itself calls `pingUnanswered`. */
  readonly attach: (socket: SocketLike) => Pick<Link, "pingUnanswered">;
  /** The reply if the platform refuses the upgrade. */
  readonly refuse: (why: string) => Reply;
}

/** What the listener must do with a request: send a reply, or upgrade it. */
export type Received =
  | { readonly kind: "reply"; readonly reply: Reply | Promise<Reply> }
  | Upgrade;
