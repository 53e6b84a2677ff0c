/**
 * Connections and their WebSockets: turns what sockets do into events, and effects into what they do.
 *
 * A socket is known from its upgrade until it is closed by either side; from then on it is mute,
 * whatever it still has in flight. Nothing here throws because of what a socket does.
 *
 * @module
 */
import {
  addressGroup,
  CLOSE,
  type Close,
  type ConnId,
  connId,
  type Effect,
  type Event,
  type Send,
  type Settings,
} from "../core/mod.ts";
import { Closing } from "./closing.ts";
import { Link, type LinkListener, type SocketLike, type SocketParameters } from "./link.ts";
import { messageEvent } from "./message_event.ts";
import { scheduleTimeout } from "./runtime.ts";

/** What all sockets of a server share. */
export interface SocketsOptions {
  readonly settings: Pick<
    Settings,
    "max_message_bytes" | "max_closing_sockets" | "max_unsent_bytes" | "unsent_timeout"
  >;
  /** Takes the events. */
  readonly dispatch: (event: Event) => void;
  /** A monotonic clock in milliseconds; the platform's by default. */
  readonly now?: () => number;
}

/** All sockets of one server. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #now: () => number;
  readonly #open = new Map<ConnId, Link>();
  readonly #closing: Closing;
  /** Sockets that had much unsent when they were last sent to. */
  readonly #slow = new Map<ConnId, Slow>();
  /** Sockets that are not open yet, in the order in which they came, and when each is given up. */
  readonly #opening = new Map<Link, number>();
  /** What clients said before it is known who they are. */
  readonly #early = new Map<Link, Event[]>();
  readonly #listener: LinkListener = {
    opened: (link) => this.#opened(link),
    received: (link, data) => this.#received(link, data),
    closed: (link, code) => this.#closed(link, code),
    unanswered: ({ conn }) => this.#options.dispatch({ kind: "ping-unanswered", conn }),
  };
  #lastSerial = 0;
  #cancelWatch: (() => void) | null = null;
  #cancelGiveUp: (() => void) | null = null;

  /** Starts with none. */
  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#now = options.now ?? performance.now.bind(performance);
    this.#closing = new Closing(options.settings.max_closing_sockets);
  }

  /**
   * Takes over a socket that is open, or is being upgraded. What is known of its client may come later: a
   * socket whose client hangs up before its upgrade stays open for ever, so none waits for that.
   */
  attach(socket: SocketLike, parameters: SocketParameters | Promise<SocketParameters>): Link {
    const conn = connId(++this.#lastSerial);
    const link = new Link(conn, socket, this.#listener);
    this.#open.set(conn, link);
    if (socket.readyState !== WebSocket.OPEN) this.#awaitOpen(link);
    if (parameters instanceof Promise) void this.#beginLater(link, parameters);
    else this.#begin(link, parameters);
    return link;
  }

  /** Performs an effect at an instant of the clock; `false` where the socket is gone. */
  perform(effect: Effect, now = this.#now()): boolean {
    return effect.kind === "send" ? this.#send(effect, now) : this.#close(effect);
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
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    this.#slow.clear();
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = null;
    this.#opening.clear();
  }

  #send({ conn, text }: Send, now: number): boolean {
    const socket = this.#open.get(conn)?.socket;
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    const unsent = socket.bufferedAmount;
    const isOver = unsent + text.length > this.#options.settings.max_unsent_bytes;
    if (isOver || unsent > WATCHED_BYTES) {
      const slow = this.#watch(conn, unsent, now);
      if (isOver) {
        const silentMs = now - slow.since;
        if (silentMs > FULL_MAX_MS) this.#cutOff(conn);
        else this.#options.dispatch({ kind: "send-refused", conn, text });
        return silentMs <= FULL_MAX_MS;
      }
      slow.expected += text.length;
    }
    try {
      socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  #close({ conn, code, reason }: Close): boolean {
    this.#finish(conn, code, reason);
    return true;
  }

  #begin(link: Link, parameters: SocketParameters): void {
    link.address = addressGroup(parameters.address);
    link.parameters = parameters;
    if (link.socket.readyState === WebSocket.OPEN) this.#opened(link);
  }

  async #beginLater(link: Link, parameters: Promise<SocketParameters>): Promise<void> {
    const early: Event[] = [];
    this.#early.set(link, early);
    const known = await parameters;
    if (!this.#early.delete(link)) return;
    this.#begin(link, known);
    for (const event of early) this.#options.dispatch(event);
  }

  #opened(link: Link): void {
    const { conn, parameters } = link;
    this.#awaitNoMore(link);
    if (parameters === null || this.#open.get(conn) !== link) return;
    link.parameters = null;
    this.#options.dispatch({ kind: "socket-opened", conn, ...parameters });
  }

  #received(link: Link, data: unknown): void {
    const { conn } = link;
    if (this.#open.get(conn) !== link) return;
    const event = messageEvent(conn, data, this.#options.settings.max_message_bytes);
    const early = this.#early.get(link);
    if (early === undefined) this.#options.dispatch(event);
    else this.#keepEarly(conn, early, event);
  }

  /** Keeps what a client says before it is known who it is; little, because a client waits for `OPEN`. */
  #keepEarly(conn: ConnId, early: Event[], event: Event): void {
    const isSmall = event.kind === "frame-received" &&
      event.text.length <= this.#options.settings.max_message_bytes;
    if (isSmall && early.length < EARLY_MAX) early.push(event);
    else this.#finish(conn, CLOSE.tooMany, "Sent too much before it was admitted");
  }

  /** A close may be reported more than once. */
  #closed(link: Link, code: number): void {
    const { conn } = link;
    if (this.#closing.has(link)) this.#closing.delete(link);
    else if (this.#detach(conn) !== undefined) {
      this.#options.dispatch({ kind: "socket-closed", conn, code });
    }
  }

  /** One timer for all: they are given up in the order in which they came. */
  #awaitOpen(link: Link): void {
    this.#opening.set(link, this.#now() + OPEN_MAX_MS);
    this.#cancelGiveUp ??= scheduleTimeout(() => this.#giveUp(), OPEN_MAX_MS);
  }

  #awaitNoMore(link: Link): void {
    if (!this.#opening.delete(link) || this.#opening.size > 0) return;
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = null;
  }

  #giveUp(): void {
    this.#cancelGiveUp = null;
    const now = this.#now();
    for (const [{ conn }, until] of this.#opening) {
      if (until > now) {
        this.#cancelGiveUp = scheduleTimeout(() => this.#giveUp(), until - now);
        return;
      }
      this.#finish(conn, CLOSE.timedOut, "Did not open in time");
    }
  }

  /** Makes a socket mute. */
  #detach(conn: ConnId): Link | undefined {
    const link = this.#open.get(conn);
    if (link === undefined) return undefined;
    this.#open.delete(conn);
    this.#awaitNoMore(link);
    this.#early.delete(link);
    this.#slow.delete(conn);
    return link;
  }

  #finish(conn: ConnId, code: number, reason: string): Link | undefined {
    const link = this.#detach(conn);
    if (link === undefined) return undefined;
    this.#closing.add(link);
    try {
      link.socket.close(code, reason);
    } catch {
      // It was never open, or is closed already: that is what was wanted.
      this.#closing.delete(link);
    }
    return link;
  }

  /** Gives up a socket that does not read: a close frame would wait behind all that is unsent. */
  #cutOff(conn: ConnId): void {
    this.#finish(conn, TRY_AGAIN_LATER, "Reads too slowly")?.socket.terminate?.();
  }

  /** Notes how much a socket has unsent, and since when it made no progress. */
  #watch(conn: ConnId, unsent: number, now: number): Slow {
    const slow = this.#slow.get(conn) ?? { expected: Infinity, since: now };
    if (unsent < slow.expected) slow.since = now;
    slow.expected = unsent;
    this.#slow.set(conn, slow);
    if (this.#cancelWatch === null) {
      const periodMs = this.#options.settings.unsent_timeout / 4;
      this.#cancelWatch = scheduleTimeout(() => this.#lookAtSlow(), periodMs);
    }
    return slow;
  }

  /** Cuts off who made no progress for `unsent_timeout`; costs as much as there are slow readers. */
  #lookAtSlow(): void {
    this.#cancelWatch = null;
    const now = this.#now();
    for (const conn of [...this.#slow.keys()]) {
      const left = this.#open.get(conn)?.socket.bufferedAmount ?? 0;
      if (left <= WATCHED_BYTES) {
        this.#slow.delete(conn);
      } else if (
        now - this.#watch(conn, left, now).since >= this.#options.settings.unsent_timeout
      ) {
        this.#cutOff(conn);
        this.#options.dispatch({ kind: "send-failed", conn, texts: [] });
      }
    }
  }
}

/** Less than this unsent is not worth a timer. */
const WATCHED_BYTES = 16_384;

/** How much a socket will have unsent if nothing is read, and since when nothing was. */
interface Slow {
  expected: number;
  since: number;
}

/**
 * How long a socket may be full and read nothing. A burst that comes in one turn of the loop fills it while
 * nothing can be sent: that is no fault of its reader, and the burst's sender is told.
 */
const FULL_MAX_MS = 250;

/** How many frames of a client are kept while its token is checked. */
const EARLY_MAX = 16;

/** How long an upgrade may take to become a socket. */
const OPEN_MAX_MS = 10_000;

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;
