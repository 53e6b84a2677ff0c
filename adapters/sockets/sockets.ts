/**
 * Connections and their WebSockets: turns what sockets do into events, and effects into what they do.
 *
 * A socket is known from its upgrade until it is closed by either side; from then on it is mute,
 * whatever it still has in flight. Nothing here throws because of what a socket does.
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
import { Closing } from "./closing.ts";
import { Link, type LinkListener, type SocketLike, type SocketParameters } from "./link.ts";
import { messageEvent } from "./message_event.ts";
import { SlowReaders } from "./slow_readers.ts";

/** What all sockets of a server share. */
export interface SocketsOptions {
  readonly settings: Settings;
  /** Takes the events. */
  readonly dispatch: (event: Event) => void;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Is told of a socket that the platform does not end: it holds a descriptor for good. */
  readonly leaked: (how: Leak) => void;
}

/** What is known of a client before its socket is open. */
export interface Handshake {
  readonly parameters: SocketParameters;
  /** The token as it came, where it is to be checked, for whoever checks it; else `null`. */
  readonly token: string | null;
}

/** All sockets of one server. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #open = new Map<ConnId, Link>();
  readonly #closing: Closing;
  readonly #slow: SlowReaders;
  /** Sockets that are not open yet, in the order in which they came, and when each is given up. */
  readonly #opening = new Map<Link, number>();
  readonly #listener: LinkListener = {
    opened: (link) => this.#opened(link),
    received: (link, data) => this.#received(link, data),
    closed: (link, code) => this.#closed(link, code),
    failed: (link) => this.#failed(link),
    unanswered: ({ conn }) => this.#options.dispatch({ kind: "ping-unanswered", conn }),
  };
  #lastSerial = 0;
  #cancelGiveUp: (() => void) | null = null;

  /** Starts with none. */
  constructor(options: SocketsOptions) {
    const { settings, now, leaked } = options;
    this.#options = options;
    const max = settings.max_closing_sockets;
    this.#closing = new Closing({
      max,
      now,
      schedule: scheduleTimeout,
      stuck: () => leaked("never-closed"),
    });
    this.#slow = new SlowReaders({ settings, now, stuck: (conn) => this.#cutOff(conn) });
  }

  /**
   * Takes over a socket that is open, or is being upgraded. What is known of its client may come later: a
   * socket whose client hangs up before its upgrade stays open for ever, so none waits for that.
   */
  attach(socket: SocketLike, { parameters, token }: Handshake): Link {
    const conn = connId(++this.#lastSerial);
    const link = new Link(conn, socket, this.#listener);
    link.address = addressGroup(parameters.address);
    link.parameters = parameters;
    link.token = token;
    this.#open.set(conn, link);
    if (socket.readyState === WebSocket.OPEN) this.#opened(link);
    else this.#awaitOpen(link);
    return link;
  }

  /** The token of a socket, for whoever checks it; nobody has it afterwards. */
  takeToken(conn: ConnId): string | null {
    const link = this.#open.get(conn);
    if (link === undefined) return null;
    const { token } = link;
    link.token = null;
    return token;
  }

  /** Performs an effect. A text that is not sent is told as an event. */
  perform(effect: Send | Close): void {
    if (effect.kind === "send") this.#send(effect);
    else this.#finish(effect.conn, effect.code, effect.reason);
  }

  /** Settles when every socket that was told to close is closed. */
  closed(): Promise<void> {
    return this.#closing.none();
  }

  /** Whether an address may have another socket beside those that do not answer their close. */
  hasRoom(address: string): boolean {
    return this.#closing.hasRoom(addressGroup(address));
  }

  /** Stops watching for slow readers; sockets that are open stay so. */
  stop(): void {
    this.#slow.stop();
    this.#closing.stop();
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = null;
    this.#opening.clear();
  }

  #send({ conn, text, meaning }: Send): void {
    const message = meaning.kind === "message" ? meaning : null;
    const socket = this.#open.get(conn)?.socket;
    const isOpen = socket?.readyState === WebSocket.OPEN;
    if (isOpen && !this.#slow.admits(conn, socket, text.length)) {
      if (message !== null) this.#options.dispatch({ kind: "send-refused", conn, message });
      return;
    }
    try {
      if (isOpen) return socket.send(text);
    } catch {
      // It is about to be closed.
    }
    this.#options.dispatch({ kind: "send-failed", conn, message });
  }

  #opened(link: Link): void {
    const { conn, parameters } = link;
    this.#awaitNoMore(link);
    // It was given up, and is open after all: nobody waits for it.
    if (this.#open.get(conn) !== link) return void closeQuietly(link, CLOSE.timedOut, LATE);
    if (parameters === null) return;
    link.parameters = null;
    this.#options.dispatch({ kind: "socket-opened", conn, ...parameters });
  }

  #received(link: Link, data: unknown): void {
    const { conn } = link;
    if (this.#open.get(conn) !== link) return;
    this.#options.dispatch(messageEvent(conn, data, this.#options.settings.max_message_bytes));
  }

  /** A close may be reported more than once. */
  #closed(link: Link, code: number): void {
    const { conn } = link;
    if (this.#closing.has(link)) this.#closing.delete(link);
    else if (this.#detach(conn) !== undefined) {
      this.#options.dispatch({ kind: "socket-closed", conn, code });
    }
  }

  /** An error while it opens ends a socket, and some versions of the platform report no close then. */
  #failed(link: Link): void {
    if (this.#opening.has(link)) this.#detach(link.conn);
  }

  /** One timer for all: they are given up in the order in which they came. */
  #awaitOpen(link: Link): void {
    this.#opening.set(link, this.#options.now() + OPEN_MAX_MS);
    this.#cancelGiveUp ??= scheduleTimeout(() => this.#giveUp(), OPEN_MAX_MS);
  }

  #awaitNoMore(link: Link): void {
    if (!this.#opening.delete(link) || this.#opening.size > 0) return;
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = null;
  }

  #giveUp(): void {
    this.#cancelGiveUp = null;
    const now = this.#options.now();
    for (const [link, until] of this.#opening) {
      if (until > now) {
        this.#cancelGiveUp = scheduleTimeout(() => this.#giveUp(), until - now);
        return;
      }
      this.#detach(link.conn);
      closeQuietly(link, CLOSE.timedOut, LATE);
      this.#options.leaked("never-opened");
    }
  }

  /** Makes a socket mute. */
  #detach(conn: ConnId): Link | undefined {
    const link = this.#open.get(conn);
    if (link === undefined) return undefined;
    this.#open.delete(conn);
    this.#awaitNoMore(link);
    this.#slow.forget(conn);
    return link;
  }

  #finish(conn: ConnId, code: number, reason: string): Link | undefined {
    const link = this.#detach(conn);
    if (link === undefined) return undefined;
    // One that is not open yet has nothing to answer.
    if (link.socket.readyState !== WebSocket.CONNECTING) this.#closing.add(link);
    // It was never open, or is closed already: that is what was wanted.
    if (!closeQuietly(link, code, reason)) this.#closing.delete(link);
    return link;
  }

  /** Gives up a socket that reads nothing: a close frame would wait behind all that is unsent. */
  #cutOff(conn: ConnId): void {
    this.#finish(conn, TRY_AGAIN_LATER, "Reads too slowly")?.socket.terminate?.();
    this.#options.dispatch({ kind: "send-failed", conn, message: null });
  }
}

/**
 * How long an upgrade may take to become a socket. It takes no round trip; one that was reset meanwhile takes
 * for ever.
 */
const OPEN_MAX_MS = 2_000;
const LATE = "Did not open in time";

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;

/** Tells a socket to close; `false` where it cannot be told. */
function closeQuietly({ socket }: Link, code: number, reason: string): boolean {
  try {
    socket.close(code, reason);
    return true;
  } catch {
    return false;
  }
}
