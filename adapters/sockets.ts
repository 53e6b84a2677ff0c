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

/** All sockets of one server. */
export interface Sockets {
  /** Takes over a socket that is being upgraded; its events go to `dispatch`. */
  readonly attach: (socket: WebSocket, parameters: SocketParameters) => ConnId;
  /** Performs an effect; `false` where the socket is gone. */
  readonly perform: (effect: Effect) => boolean;
  /** How many sockets are known. */
  readonly count: () => number;
}

/** Starts with no sockets. A socket with more than `maxUnsentBytes` unsent is given up. */
export function createSockets(
  { maxUnsentBytes, dispatch }: {
    readonly maxUnsentBytes: number;
    readonly dispatch: (event: Event) => void;
  },
): Sockets {
  const sockets = new Map<ConnId, WebSocket>();
  let lastSerial = 0;

  function attach(socket: WebSocket, parameters: SocketParameters): ConnId {
    const conn = connId(++lastSerial);
    sockets.set(conn, socket);
    socket.onopen = () => {
      dispatch({ kind: "socket-opened", conn, ...parameters });
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      dispatch(messageEvent(conn, data));
    };
    // `error` is always followed by `close`; both may come more than once.
    socket.onclose = () => {
      if (detach(conn) !== undefined) dispatch({ kind: "socket-closed", conn });
    };
    return conn;
  }

  function detach(conn: ConnId): WebSocket | undefined {
    const socket = sockets.get(conn);
    if (socket === undefined) return undefined;
    sockets.delete(conn);
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    return socket;
  }

  function perform(effect: Effect): boolean {
    return effect.kind === "send" ? send(effect) : close(effect);
  }

  function send({ conn, text }: Send): boolean {
    const socket = sockets.get(conn);
    if (socket === undefined || socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount + text.length > maxUnsentBytes) {
      detach(conn);
      closeQuietly(socket, TRY_AGAIN_LATER, "Reads too slowly");
      return false;
    }
    try {
      socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  function close({ conn, code, reason }: Close): boolean {
    const socket = detach(conn);
    if (socket !== undefined) closeQuietly(socket, code, reason);
    return true;
  }

  return { attach, perform, count: () => sockets.size };
}

/** 1013, "Try Again Later" in the registry of close codes. */
const TRY_AGAIN_LATER = 1013;

function messageEvent(conn: ConnId, data: unknown): Event {
  if (typeof data === "string") return { kind: "frame-received", conn, text: data };
  const bytes = data instanceof ArrayBuffer ? data.byteLength : 0;
  return { kind: "binary-received", conn, bytes };
}

/** Closing a socket that is closed already, or was never open, is no error here. */
function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // The socket cannot be closed because it is not open: that is what was wanted.
  }
}
