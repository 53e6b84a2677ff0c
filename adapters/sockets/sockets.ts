/**
 * Translates between WebSockets and the core: socket events become core events, effects become calls.
 *
 * A socket is attached from its upgrade until either side closes it. Whatever arrives on it afterwards is ignored.
 * No exception of a socket gets out of here.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import {
  addressGroup,
  CLOSE,
  type Close,
  type ConnId,
  connId,
  type Event,
  type Send,
  type Settings,
} from "../../core/mod.ts";
import type { Leak } from "../errors.ts";
import type { Asked } from "../asked.ts";
import { Closing } from "./closing.ts";
import { Link, type LinkEvents, type SocketLike, type SocketParameters } from "./link.ts";
import { messageEvent } from "./message_event.ts";
import { SlowReaders } from "./slow_readers.ts";
import { LinkTimeouts } from "./timeouts.ts";

/** What the sockets of a server need. */
export interface SocketsOptions {
  readonly settings: Settings;
  readonly dispatch: (event: Event) => void;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called for a socket that the platform does not end, so that its descriptor is lost. */
  readonly onLeak: (how: Leak) => void;
}

/** What the upgrade request says about a client. */
export interface Handshake {
  readonly parameters: SocketParameters;
  /** What its check needs; `null` if it is not checked. */
  readonly asked: Asked | null;
}

/** All sockets of one server. */
export class Sockets {
  readonly #options: SocketsOptions;
  /** From the upgrade until either side closes the socket. */
  readonly #attached = new Map<ConnId, Link>();
  readonly #closing: Closing;
  readonly #slow: SlowReaders;
  /** Sockets that the platform has not opened yet. */
  readonly #opening: LinkTimeouts;
  readonly #linkEvents: LinkEvents = {
    opened: (link) => this.#opened(link),
    received: (link, data) => this.#received(link, data),
    closed: (link, code) => this.#closed(link, code),
    failed: (link) => this.#failed(link),
    pingUnanswered: ({ conn }) => this.#options.dispatch({ kind: "ping-unanswered", conn }),
  };
  #lastSerial = 0;

  constructor(options: SocketsOptions) {
    const { settings, now, onLeak } = options;
    this.#options = options;
    const clock = { now, schedule: scheduleTimeout };
    this.#opening = new LinkTimeouts({
      ...clock,
      maxMs: OPEN_MAX_MS,
      onTimeout: (link) => {
        this.#detach(link.conn);
        tryClose(link, CLOSE.timedOut, OPENED_LATE);
        onLeak("never-opened");
      },
    });
    this.#closing = new Closing({
      ...clock,
      max: settings.max_closing_sockets,
      onStuck: () => onLeak("never-closed"),
    });
    this.#slow = new SlowReaders({ settings, now, onStuck: (conn) => this.#cutOff(conn) });
  }

  /** Attaches a socket that is open or about to open. The core hears of it when it is open. */
  attach(socket: SocketLike, { parameters, asked }: Handshake): Link {
    const conn = connId(++this.#lastSerial);
    const link = new Link(conn, socket, this.#linkEvents);
    link.addressGroup = addressGroup(parameters.address);
    link.parameters = parameters;
    link.asked = asked;
    this.#attached.set(conn, link);
    if (socket.readyState === WebSocket.OPEN) this.#opened(link);
    else this.#opening.add(link);
    return link;
  }

  /** Returns what the check of a client needs, its token above all, and forgets it; `null` if the socket is gone. */
  takeAsked(conn: ConnId): Asked | null {
    const link = this.#attached.get(conn);
    if (link === undefined) return null;
    const { asked } = link;
    link.asked = null;
    return asked;
  }

  /** Performs an effect. A text that cannot be sent becomes an event. */
  perform(effect: Send | Close): void {
    if (effect.kind === "send") this.#send(effect);
    else this.#close(effect.conn, effect.code, effect.reason);
  }

  /** Settles when no closing socket is waited for any more. */
  drained(): Promise<void> {
    return this.#closing.drained();
  }

  /** Whether a raw address may open a socket: too many unanswered closes leave no room. */
  hasRoom(address: string): boolean {
    return this.#closing.hasRoom(addressGroup(address));
  }

  /** The bytes that slow readers have not read yet. */
  get unsentBytes(): number {
    return this.#slow.totalUnsent;
  }

  /** Cancels the timers. Open sockets stay open. */
  stop(): void {
    this.#slow.stop();
    this.#closing.stop();
    this.#opening.stop();
  }

  #send({ conn, text, meaning }: Send): void {
    const message = meaning.kind === "message" ? meaning : null;
    const socket = this.#attached.get(conn)?.socket;
    const isOpen = socket?.readyState === WebSocket.OPEN;
    if (isOpen && !this.#slow.admits(conn, socket, text.length)) {
      if (message !== null) this.#options.dispatch({ kind: "send-refused", conn, message });
      return;
    }
    try {
      if (isOpen) return socket.send(text);
    } catch {
      // The socket is broken: its close is about to be reported.
    }
    this.#options.dispatch({ kind: "send-failed", conn, message });
  }

  #opened(link: Link): void {
    const { conn, parameters } = link;
    this.#opening.delete(link);
    // It opened after its timeout.
    if (this.#attached.get(conn) !== link) return void tryClose(link, CLOSE.timedOut, OPENED_LATE);
    if (parameters === null) return;
    link.parameters = null;
    this.#options.dispatch({ kind: "socket-opened", conn, ...parameters });
  }

  #received(link: Link, data: unknown): void {
    const { conn } = link;
    if (this.#attached.get(conn) !== link) return;
    this.#options.dispatch(messageEvent(conn, data, this.#options.settings.max_message_bytes));
  }

  /** The platform may report a close more than once. */
  #closed(link: Link, code: number): void {
    const { conn } = link;
    if (this.#closing.has(link)) this.#closing.delete(link);
    else if (this.#detach(conn) !== undefined) {
      this.#options.dispatch({ kind: "socket-closed", conn, code });
    }
  }

  /** An error during the upgrade ends a socket; some versions of Deno report no close then. */
  #failed(link: Link): void {
    if (this.#opening.has(link)) this.#detach(link.conn);
  }

  /** Ignores the socket from now on. */
  #detach(conn: ConnId): Link | undefined {
    const link = this.#attached.get(conn);
    if (link === undefined) return undefined;
    this.#attached.delete(conn);
    this.#opening.delete(link);
    this.#slow.forget(conn);
    return link;
  }

  #close(conn: ConnId, code: number, reason: string): Link | undefined {
    const link = this.#detach(conn);
    if (link === undefined) return undefined;
    // A socket that is not open yet gets no close frame, so there is no answer to wait for.
    if (link.socket.readyState !== WebSocket.CONNECTING) this.#closing.add(link);
    // `close` throws where the socket is closed already.
    if (!tryClose(link, code, reason)) this.#closing.delete(link);
    return link;
  }

  /** Ends the connection of a client that does not read: a close frame would wait behind the unsent data. */
  #cutOff(conn: ConnId): void {
    this.#close(conn, TRY_AGAIN_LATER, "Reads too slowly")?.socket.terminate?.();
    this.#options.dispatch({ kind: "send-failed", conn, message: null });
  }
}

/**
 * How long the platform may take to open a socket after the upgrade, which needs no round trip. Where the client
 * resets the connection meanwhile, `Deno.serve` reports nothing and the socket never opens ([FAULT-31] in
 * tests/faults/attack_test.ts).
 */
const OPEN_MAX_MS = 2_000;
const OPENED_LATE = "Did not open in time";

/** "Try Again Later" in IANA's registry of close codes. */
const TRY_AGAIN_LATER = 1013;

/** Calls `close`; returns `false` where that throws. */
function tryClose({ socket }: Link, code: number, reason: string): boolean {
  try {
    socket.close(code, reason);
    return true;
  } catch {
    return false;
  }
}
