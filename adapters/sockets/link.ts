/**
 * One WebSocket, its number, and the handler of all its events.
 *
 * An object that handles its own events takes a kilobyte less per connection than one closure per event.
 *
 * @module
 */
import type { ConnId, SocketOpened } from "../../core/mod.ts";
import type { Asked } from "../asked.ts";

/** What the upgrade request says about a client: the parameters of its URL, and its address. */
export type SocketParameters = Omit<SocketOpened, "kind" | "conn">;

/** The part of a WebSocket that the server uses. The platform's `WebSocket` has it, and so does that of `npm:ws`. */
export interface SocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  addEventListener(type: SocketEventType, handler: SocketEventHandler): void;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a close frame. `Deno.serve` has no such method. */
  terminate?(): void;
}

/** The platform events that the server handles. */
export type SocketEventType = "open" | "message" | "close" | "error";

/** An event of the platform: `data` belongs to a message, `code` to a close, `message` to an error. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly message?: string;
}

/** An `EventListener` that is an object. */
export interface SocketEventHandler {
  handleEvent(event: SocketEvent): void;
}

/** Callbacks for what happens on the links of a server. */
export interface LinkEvents {
  readonly opened: (link: Link) => void;
  readonly received: (link: Link, data: unknown) => void;
  readonly closed: (link: Link, code: number) => void;
  readonly failed: (link: Link) => void;
  readonly pingUnanswered: (link: Link) => void;
}

/** A WebSocket, with the number by which the core knows it. */
export class Link implements SocketEventHandler {
  readonly conn: ConnId;
  readonly socket: SocketLike;
  /** What `socket-opened` will carry; `null` once it was dispatched, to free the memory. */
  parameters: SocketParameters | null = null;
  /** What the check of its client needs, until the check begins. */
  asked: Asked | null = null;
  /** The group that its address counts for, see `addressGroup` in the core. */
  addressGroup = "";
  readonly #events: LinkEvents;

  /** Subscribes to the events of the socket. */
  constructor(conn: ConnId, socket: SocketLike, events: LinkEvents) {
    this.conn = conn;
    this.socket = socket;
    this.#events = events;
    for (const type of EVENT_TYPES) socket.addEventListener(type, this);
  }

  handleEvent({ type, data, code, message }: SocketEvent): void {
    if (type === "message") this.#events.received(this, data);
    // `Deno.serve` reports 0 where it received no close frame.
    else if (type === "close") this.#events.closed(this, code || ABNORMAL_CLOSURE);
    else if (type === "open") this.#events.opened(this);
    else if (message === IDLE_TIMEOUT_MESSAGE) this.pingUnanswered();
    // An error of an open socket needs no handling: a close follows.
    else this.#events.failed(this);
  }

  /** Reports that the client did not answer a ping in time. `node.ts` calls it, as `npm:ws` has no idle timeout. */
  pingUnanswered(): void {
    this.#events.pingUnanswered(this);
  }
}

/** RFC 6455, 7.1.5: the close code where none was received. */
const ABNORMAL_CLOSURE = 1006;

/** The error with which `Deno.serve` ends an idle socket. The ping tests fail when Deno changes the text. */
const IDLE_TIMEOUT_MESSAGE = "No response from ping frame.";

const EVENT_TYPES: readonly SocketEventType[] = ["open", "message", "close", "error"];
