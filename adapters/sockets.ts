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
  type SocketOpened,
} from "../core/mod.ts";

/** What is known of a client before it says anything: what its URL gave, and its address. */
export type SocketParameters = Omit<SocketOpened, "kind" | "conn">;

/** What all sockets of a server share. */
export interface SocketsOptions {
  /** A socket that has more unsent is given up: `send` never pushes back, and memory would grow. */
  readonly maxUnsentBytes: number;
  /** Takes the events. */
  readonly dispatch: (event: Event) => void;
}

/** All sockets of one server. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #open = new Map<ConnId, WebSocket>();
  readonly #closing = new Set<WebSocket>();
  #lastSerial = 0;
  #onAllClosed = (): void => {};

  /** Starts with none. */
  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** Takes over a socket that is being upgraded. */
  attach(socket: WebSocket, parameters: SocketParameters): void {
    const conn = connId(++this.#lastSerial);
    const { dispatch } = this.#options;
    this.#open.set(conn, socket);
    socket.onopen = () => {
      dispatch({ kind: "socket-opened", conn, ...parameters });
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      dispatch(messageEvent(conn, data));
    };
    // `error` is always followed by `close`; both may come more than once.
    socket.onclose = () => {
      if (this.#detach(conn) !== undefined) dispatch({ kind: "socket-closed", conn });
    };
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

  #send({ conn, text }: Send): boolean {
    const socket = this.#open.get(conn);
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount + text.length > this.#options.maxUnsentBytes) {
      this.#detach(conn);
      this.#finish(socket, TRY_AGAIN_LATER, "Reads too slowly");
      return false;
    }
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
  #detach(conn: ConnId): WebSocket | undefined {
    const socket = this.#open.get(conn);
    if (socket === undefined) return undefined;
    this.#open.delete(conn);
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    return socket;
  }

  #finish(socket: WebSocket, code: number, reason: string): void {
    this.#closing.add(socket);
    socket.onclose = () => {
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
}

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;

function messageEvent(conn: ConnId, data: unknown): Event {
  if (typeof data === "string") return { kind: "frame-received", conn, text: data };
  const bytes = data instanceof ArrayBuffer ? data.byteLength : 0;
  return { kind: "binary-received", conn, bytes };
}
