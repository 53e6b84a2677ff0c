/**
 * Who came, who went and why, told from the stream of steps: a fold over (event, effects).
 *
 * The log and the hooks of an embedding application both listen to this. It keeps one entry a connected
 * client, and reads no frame unless somebody wants messages.
 *
 * @module
 */
import {
  type ConnId,
  decodeFrame,
  type Effect,
  type Event,
  isErrorFrame,
  type Millis,
  OPEN_FRAME,
  type SocketOpened,
} from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";

/** A message as the hooks see it. */
export interface PeerMessage {
  readonly type: string;
  readonly src: string;
  readonly dst: string;
  readonly payload: unknown;
}

/** Who wants to know what. */
export interface Listener {
  readonly connected?: (id: string, address: string) => void;
  /** A socket was turned away. */
  readonly refused?: (opened: SocketOpened, code: number, reason: string) => void;
  readonly disconnected?: (id: string, end: End) => void;
  /** A valid message of a client, before it is known whether it can be delivered. */
  readonly message?: (message: PeerMessage) => void;
  /** A frame that the server sent of its own accord, other than `OPEN`: `EXPIRE` or `ERROR`. */
  readonly answered?: (id: string, text: string) => void;
}

/** How a client's connection ended. */
export interface End {
  /** Who ended it; a connection that was lost counts as ended by the client. */
  readonly by: "client" | "server";
  /**
   * The close code: the server's; or the client's own, 1005 where it gave none, 1006 where the connection was
   * lost.
   */
  readonly code: number;
  readonly reason: string;
}

/** An observer that tells `listener`. */
export function journal(listener: Listener): Observer {
  const ids = new Map<ConnId, string>();
  return (event: Event, _now: Millis, effects: readonly Effect[]): void => {
    if (event.kind === "frame-received" && listener.message !== undefined) {
      if (!isRefused(event.conn, effects)) {
        tellMessage(listener.message, ids.get(event.conn), event.text);
      }
    }
    for (const effect of effects) {
      const id = ids.get(effect.conn);
      if (id === undefined) continue;
      if (effect.kind === "close") {
        ids.delete(effect.conn);
        listener.disconnected?.(id, { by: "server", code: effect.code, reason: effect.reason });
      } else if (listener.answered !== undefined && ANSWER.test(effect.text)) {
        listener.answered(id, effect.text);
      }
    }
    // After the closing of the socket it takes the place of, so that a set of ids stays right.
    if (event.kind === "socket-opened") tellOpening(event, effects, ids, listener);
    if (event.kind === "socket-closed" || event.kind === "send-failed") {
      const id = ids.get(event.conn);
      if (id === undefined) return;
      ids.delete(event.conn);
      listener.disconnected?.(id, event.kind === "send-failed" ? CUT_OFF : endOf(event.code));
    }
  };
}

/** Connected is who was told so; refused, who was closed. */
function tellOpening(
  opened: SocketOpened,
  effects: readonly Effect[],
  ids: Map<ConnId, string>,
  listener: Listener,
): void {
  const { conn, id, address } = opened;
  const first = effects.find((effect) => effect.conn === conn);
  if (first?.kind === "send" && first.text === OPEN_FRAME && id !== null) {
    ids.set(conn, id);
    listener.connected?.(id, address);
    return;
  }
  const close = effects.find((effect) => effect.conn === conn && effect.kind === "close");
  if (close?.kind === "close") listener.refused?.(opened, close.code, close.reason);
}

function tellMessage(
  tell: (message: PeerMessage) => void,
  src: string | undefined,
  text: string,
): void {
  if (src === undefined) return;
  const decoded = decodeFrame(text);
  if (!decoded.ok || decoded.frame.kind !== "transmission") return;
  const { type, dst, payload } = decoded.frame;
  tell({ type, src, dst, payload: payload === null ? undefined : JSON.parse(payload) });
}

const CUT_OFF: End = {
  by: "server",
  code: 1013,
  reason: "It did not read what was sent to it, or is gone",
};

function endOf(code: number): End {
  return { by: "client", code, reason: GONE.get(code) ?? "The client closed the socket" };
}

/** RFC 6455, 7.4.1: what browsers send when a page goes, and what stands for a close that never came. */
const GONE: ReadonlyMap<number, string> = new Map([
  [1001, "The page was closed or left"],
  [1006, "The connection was lost"],
]);

/** Whether a frame was answered with an error, or closed its connection. */
function isRefused(conn: ConnId, effects: readonly Effect[]): boolean {
  return effects.some((effect) =>
    effect.conn === conn &&
    (effect.kind === "close" || isErrorFrame(effect.text))
  );
}

/** What the server says of its own accord; a peer's own `EXPIRE` looks the same. */
const ANSWER = /^\{"type":"(?:EXPIRE|ERROR)"/;
