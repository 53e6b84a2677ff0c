/**
 * Requests and their answers, as every listener describes them.
 *
 * @module
 */
import type { HttpReply } from "../core/mod.ts";
import type { LongBody } from "./http/answers.ts";
import type { Link, SocketLike } from "./sockets/link.ts";

/** A request, as far as the server looks at it. */
export interface Arrival {
  readonly method: string;
  /** The path of its URL as it came, percent-escapes and all. */
  readonly path: string;
  /** The query of its URL, with or without the question mark. */
  readonly query: string;
  /** A header by its name in lower case; `null` where there is none. */
  readonly header: (name: string) => string | null;
  /** The address at the other end of the connection; empty where it is not known. */
  readonly remoteAddress: string;
}

/** An answer, whose body may be one that is to be sent piece by piece. */
export interface Reply extends HttpReply {
  /** What to send in place of `body`; whoever sends it says when it is done. */
  readonly long?: LongBody;
}

/** A request that is to become a WebSocket. */
export interface Upgrade {
  readonly kind: "upgrade";
  /** The subprotocol to select; `null` where none is asked for. */
  readonly subprotocol: string | null;
  /**
   * Takes over the socket, open or about to be. The link is to be told of an unanswered ping where the socket
   * does not tell it itself.
   */
  readonly attach: (socket: SocketLike) => Pick<Link, "unanswered">;
  /** The answer where the platform does not upgrade it after all. */
  readonly refuse: (why: string) => Reply;
}

/** What is to be done about a request. */
export type Received =
  | { readonly kind: "reply"; readonly reply: Reply | Promise<Reply> }
  | Upgrade;
