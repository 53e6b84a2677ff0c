/**
 * One socket: who it is, and the one listener of all its events.
 *
 * An object that is its own listener takes a kilobyte less a connection than a closure for each event, and
 * what it was opened with is forgotten once it is told.
 *
 * @module
 */
import type { ConnId, SocketOpened } from "../../core/mod.ts";

/** What is known of a client before it says anything: what its URL gave, and its address. */
export type SocketParameters = Omit<SocketOpened, "kind" | "conn">;

/** What is asked of a socket: the platform's `WebSocket` has it, and so has that of `npm:ws`. */
export interface SocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  addEventListener(type: SocketEventType, listener: SocketListener): void;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a word, where the platform can. */
  terminate?(): void;
}

/** The events of the platform that matter here. */
export type SocketEventType = "open" | "message" | "close" | "error";

/** What a socket tells: the type of the platform's event, and what belongs to a message, a close, an error. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly message?: string;
}

/** Hears what a socket tells. */
export interface SocketListener {
  handleEvent(event: SocketEvent): void;
}

/** Is told what the links of a server markAlive. */
export interface LinkListener {
  readonly opened: (link: Link) => void;
  readonly received: (link: Link, data: unknown) => void;
  readonly closed: (link: Link, code: number) => void;
  readonly failed: (link: Link) => void;
  readonly unanswered: (link: Link) => void;
}

/** A socket, under the number that the server knows it by. */
export class Link {
  readonly conn: ConnId;
  readonly socket: SocketLike;
  /** What it is to be opened with; `null` once it is open. */
  parameters: SocketParameters | null = null;
  /** The token as it came, until it is checked. */
  token: string | null = null;
  /** What it counts for, see `addressGroup`; asked for where it does not answer its close. */
  address = "";
  readonly #listener: LinkListener;

  /** Listens to the socket from now on. */
  constructor(conn: ConnId, socket: SocketLike, listener: LinkListener) {
    this.conn = conn;
    this.socket = socket;
    this.#listener = listener;
    for (const type of TYPES) socket.addEventListener(type, this);
  }

  /** Passes on what the socket tells; an error of an open socket is always followed by a close. */
  handleEvent({ type, data, code, message }: SocketEvent): void {
    if (type === "message") this.#listener.received(this, data);
    // `Deno.serve` says 0 where no close was received.
    else if (type === "close") this.#listener.closed(this, code || LOST);
    else if (type === "open") this.#listener.opened(this);
    else if (message === NO_PONG) this.unanswered();
    else this.#listener.failed(this);
  }

  /** A ping was not answered in time; the listener that sent it says so. */
  unanswered(): void {
    this.#listener.unanswered(this);
  }
}

/** RFC 6455, 7.1.5: the close code where none was received. */
const LOST = 1006;

/** How `Deno.serve` says that the idle timeout of a socket ended it; the ping tests show when that changes. */
const NO_PONG = "No response from ping frame.";

const TYPES: readonly SocketEventType[] = ["open", "message", "close", "error"];
