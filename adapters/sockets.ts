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
  type SocketOpened,
} from "../core/mod.ts";
import { scheduleTimeout } from "./runtime.ts";

/** What is known of a client before it says anything: what its URL gave, and its address. */
export type SocketParameters = Omit<SocketOpened, "kind" | "conn">;

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

/** What is asked of a socket: the platform's `WebSocket` has it, and so has that of `npm:ws`. */
export interface SocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a word, where the platform can. */
  terminate?(): void;
}

/** All sockets of one server. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #open = new Map<ConnId, SocketLike>();
  readonly #closing = new Set<SocketLike>();
  /** Sockets that had much unsent when they were last sent to. */
  readonly #slow = new Map<ConnId, Slow>();
  readonly #addresses = new WeakMap<SocketLike, string>();
  readonly #closingBy = new Map<string, number>();
  /** What ends the wait for a socket that is not open yet. */
  readonly #opening = new Map<ConnId, () => void>();
  #lastSerial = 0;
  #cancelWatch: (() => void) | null = null;
  #onAllClosed = (): void => {};

  /** Starts with none. */
  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /**
   * Takes over a socket that is open, or is being upgraded. What is known of its client may come later: a
   * socket whose client hangs up before its upgrade stays open for ever, so none waits for that.
   */
  attach(socket: SocketLike, parameters: SocketParameters | Promise<SocketParameters>): void {
    const conn = connId(++this.#lastSerial);
    this.#open.set(conn, socket);
    // An error is always followed by a close; both may come more than once.
    socket.onerror = (): void => {};
    socket.onclose = (): void => {
      if (this.#detach(conn) === undefined) return;
      this.#options.dispatch({ kind: "socket-closed", conn });
    };
    if (socket.readyState !== WebSocket.OPEN) {
      const giveUp = (): void => void this.#finish(conn, CLOSE.timedOut, "Did not open in time");
      this.#opening.set(conn, scheduleTimeout(giveUp, OPEN_MAX_MS));
    }
    if (parameters instanceof Promise) void this.#beginLater(conn, socket, parameters);
    else this.#begin(conn, socket, parameters);
  }

  /** Performs an effect; `false` where the socket is gone. */
  perform(effect: Effect): boolean {
    return effect.kind === "send" ? this.#send(effect) : this.#close(effect);
  }

  /** Settles when every socket that was told to close is closed. */
  closed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAllClosed = resolve;
    if (this.#closing.size === 0) resolve();
    return promise;
  }

  /** Whether an address may have another socket beside those that do not answer their close. */
  hasRoom(address: string): boolean {
    if (this.#closing.size === 0) return true;
    const max = this.#options.settings.max_closing_sockets;
    const own = this.#closingBy.get(addressGroup(address)) ?? 0;
    return this.#closing.size < max && own < Math.ceil(max / ADDRESS_SHARE);
  }

  /** Stops watching for slow readers; sockets that are open stay so. */
  stop(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    this.#slow.clear();
    for (const conn of [...this.#opening.keys()]) this.#opened(conn);
  }

  #send({ conn, text }: Send): boolean {
    const socket = this.#open.get(conn);
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    const unsent = socket.bufferedAmount;
    const isOver = unsent + text.length > this.#options.settings.max_unsent_bytes;
    if (isOver || unsent > WATCHED_BYTES) {
      const silentMs = this.#watch(conn, unsent);
      if (isOver) {
        if (silentMs > FULL_MAX_MS) this.#cutOff(conn);
        else this.#options.dispatch({ kind: "send-refused", conn, text });
        return silentMs <= FULL_MAX_MS;
      }
      this.#expect(conn, unsent + text.length);
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

  #begin(conn: ConnId, socket: SocketLike, parameters: SocketParameters): void {
    const { dispatch } = this.#options;
    this.#addresses.set(socket, parameters.address);
    socket.onmessage = ({ data }: MessageEvent<unknown>): void => {
      dispatch(messageEvent(conn, data));
    };
    const opened = (): void => {
      this.#opened(conn);
      dispatch({ kind: "socket-opened", conn, ...parameters });
    };
    if (socket.readyState === WebSocket.OPEN) opened();
    else socket.onopen = opened;
  }

  /** Keeps what a client says before it is known who it is; little, because a client waits for `OPEN`. */
  async #beginLater(
    conn: ConnId,
    socket: SocketLike,
    parameters: Promise<SocketParameters>,
  ): Promise<void> {
    const early: Event[] = [];
    socket.onmessage = ({ data }: MessageEvent<unknown>): void => {
      const isSmall = typeof data === "string" &&
        data.length <= this.#options.settings.max_message_bytes;
      if (isSmall && early.length < EARLY_MAX) early.push(messageEvent(conn, data));
      else this.#finish(conn, CLOSE.tooMany, "Sent too much before it was admitted");
    };
    const known = await parameters;
    if (this.#open.get(conn) !== socket) return;
    this.#begin(conn, socket, known);
    for (const event of early) this.#options.dispatch(event);
  }

  #opened(conn: ConnId): void {
    this.#opening.get(conn)?.();
    this.#opening.delete(conn);
  }

  /** Makes a socket mute. */
  #detach(conn: ConnId): SocketLike | undefined {
    const socket = this.#open.get(conn);
    if (socket === undefined) return undefined;
    this.#open.delete(conn);
    this.#opened(conn);
    this.#slow.delete(conn);
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    return socket;
  }

  #finish(conn: ConnId, code: number, reason: string): SocketLike | undefined {
    const socket = this.#detach(conn);
    if (socket === undefined) return undefined;
    const address = addressGroup(this.#addresses.get(socket) ?? "");
    this.#closing.add(socket);
    this.#closingBy.set(address, (this.#closingBy.get(address) ?? 0) + 1);
    socket.onclose = (): void => this.#finished(socket, address);
    try {
      socket.close(code, reason);
    } catch {
      // It was never open, or is closed already: that is what was wanted.
      this.#finished(socket, address);
    }
    return socket;
  }

  #finished(socket: SocketLike, address: string): void {
    if (!this.#closing.delete(socket)) return;
    const left = (this.#closingBy.get(address) ?? 1) - 1;
    if (left > 0) this.#closingBy.set(address, left);
    else this.#closingBy.delete(address);
    if (this.#closing.size === 0) this.#onAllClosed();
  }

  /** Gives up a socket that does not read: a close frame would wait behind all that is unsent. */
  #cutOff(conn: ConnId): void {
    this.#finish(conn, TRY_AGAIN_LATER, "Reads too slowly")?.terminate?.();
  }

  /** Notes how much a socket has unsent; how long it has made no progress, in milliseconds. */
  #watch(conn: ConnId, unsent: number): number {
    const now = (this.#options.now ?? performance.now.bind(performance))();
    const known = this.#slow.get(conn);
    const since = known === undefined || unsent < known.expected ? now : known.since;
    this.#slow.set(conn, { expected: unsent, since });
    if (this.#cancelWatch === null) {
      const periodMs = this.#options.settings.unsent_timeout / 4;
      this.#cancelWatch = scheduleTimeout(() => this.#lookAtSlow(), periodMs);
    }
    return now - since;
  }

  #expect(conn: ConnId, expected: number): void {
    const known = this.#slow.get(conn);
    if (known !== undefined) this.#slow.set(conn, { ...known, expected });
  }

  /** Cuts off who made no progress for `unsent_timeout`; costs as much as there are slow readers. */
  #lookAtSlow(): void {
    this.#cancelWatch = null;
    for (const conn of [...this.#slow.keys()]) {
      const left = this.#open.get(conn)?.bufferedAmount ?? 0;
      if (left <= WATCHED_BYTES) {
        this.#slow.delete(conn);
      } else if (this.#watch(conn, left) >= this.#options.settings.unsent_timeout) {
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
  readonly expected: number;
  readonly since: number;
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

/** One address may have half of the sockets that do not answer their close: it may be a proxy's. */
const ADDRESS_SHARE = 2;

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;

function messageEvent(conn: ConnId, data: unknown): Event {
  if (typeof data === "string") return { kind: "frame-received", conn, text: data };
  const bytes = data instanceof ArrayBuffer ? data.byteLength : 0;
  return { kind: "binary-received", conn, bytes };
}
