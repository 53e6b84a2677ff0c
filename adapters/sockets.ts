/**
 * Connections and their WebSockets: turns what sockets do into events, and effects into what they do.
 *
 * A socket is known from its upgrade until it is closed by either side; from then on it is mute,
 * whatever it still has in flight. Nothing here throws because of what a socket does.
 *
 * @module
 */
import {
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
  readonly settings: Pick<Settings, "max_closing_sockets" | "max_unsent_bytes" | "unsent_timeout">;
  /** Takes the events. */
  readonly dispatch: (event: Event) => void;
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
  #lastSerial = 0;
  #cancelWatch: (() => void) | null = null;
  #onAllClosed = (): void => {};

  /** Starts with none. */
  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** Takes over a socket that is open, or is being upgraded. */
  attach(socket: SocketLike, parameters: SocketParameters): void {
    const conn = connId(++this.#lastSerial);
    const { dispatch } = this.#options;
    this.#open.set(conn, socket);
    socket.onmessage = ({ data }: MessageEvent<unknown>): void => {
      dispatch(messageEvent(conn, data));
    };
    // An error is always followed by a close; both may come more than once.
    socket.onerror = (): void => {};
    socket.onclose = (): void => {
      if (this.#detach(conn) !== undefined) dispatch({ kind: "socket-closed", conn });
    };
    const opened = (): void => dispatch({ kind: "socket-opened", conn, ...parameters });
    if (socket.readyState === WebSocket.OPEN) opened();
    else socket.onopen = opened;
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

  /** Whether there is room for another socket beside those that do not answer their close. */
  hasRoom(): boolean {
    return this.#closing.size < this.#options.settings.max_closing_sockets;
  }

  /** Stops watching for slow readers; sockets that are open stay so. */
  stop(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    this.#slow.clear();
  }

  #send({ conn, text }: Send): boolean {
    const socket = this.#open.get(conn);
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    const unsent = socket.bufferedAmount;
    if (unsent + text.length > this.#options.settings.max_unsent_bytes) {
      this.#cutOff(conn);
      return false;
    }
    if (unsent > WATCHED_BYTES) this.#watch(conn, unsent);
    try {
      socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  #close({ conn, code, reason }: Close): boolean {
    const socket = this.#detach(conn);
    if (socket !== undefined) this.#finish(socket, code, reason);
    return true;
  }

  /** Makes a socket mute. */
  #detach(conn: ConnId): SocketLike | undefined {
    const socket = this.#open.get(conn);
    if (socket === undefined) return undefined;
    this.#open.delete(conn);
    this.#slow.delete(conn);
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    return socket;
  }

  #finish(socket: SocketLike, code: number, reason: string): void {
    this.#closing.add(socket);
    socket.onclose = (): void => {
      this.#closing.delete(socket);
      if (this.#closing.size === 0) this.#onAllClosed();
    };
    try {
      socket.close(code, reason);
    } catch {
      // It was never open, or is closed already: that is what was wanted.
      this.#closing.delete(socket);
    }
  }

  /** Gives up a socket that does not read: a close frame would wait behind all that is unsent. */
  #cutOff(conn: ConnId): void {
    const socket = this.#detach(conn);
    if (socket === undefined) return;
    this.#finish(socket, TRY_AGAIN_LATER, "Reads too slowly");
    socket.terminate?.();
  }

  #watch(conn: ConnId, unsent: number): void {
    if (!this.#slow.has(conn)) this.#slow.set(conn, { unsent, since: performance.now() });
    if (this.#cancelWatch !== null) return;
    const periodMs = this.#options.settings.unsent_timeout / 4;
    this.#cancelWatch = scheduleTimeout(() => this.#lookAtSlow(), periodMs);
  }

  /** Cuts off who made no progress for `unsent_timeout`; costs as much as there are slow readers. */
  #lookAtSlow(): void {
    this.#cancelWatch = null;
    const now = performance.now();
    for (const [conn, { unsent, since }] of [...this.#slow]) {
      const left = this.#open.get(conn)?.bufferedAmount ?? 0;
      this.#slow.delete(conn);
      if (left <= WATCHED_BYTES) continue;
      if (left < unsent) {
        this.#watch(conn, left);
      } else if (now - since < this.#options.settings.unsent_timeout) {
        this.#watch(conn, left);
        this.#slow.set(conn, { unsent, since });
      } else {
        this.#cutOff(conn);
        this.#options.dispatch({ kind: "send-failed", conn, texts: [] });
      }
    }
  }
}

/** How much a socket had unsent, and since when it has not become less. */
interface Slow {
  readonly unsent: number;
  readonly since: number;
}

/** Less than this unsent is not worth a timer. */
const WATCHED_BYTES = 16_384;

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;

function messageEvent(conn: ConnId, data: unknown): Event {
  if (typeof data === "string") return { kind: "frame-received", conn, text: data };
  const bytes = data instanceof ArrayBuffer ? data.byteLength : 0;
  return { kind: "binary-received", conn, bytes };
}
