/** A socket that a test drives, in place of one of the platform. */
import type {
  SocketEventHandler,
  SocketEventType,
  SocketLike,
} from "../../adapters/sockets/link.ts";

export interface FakeSocket extends SocketLike {
  readyState: number;
  bufferedAmount: number;
  /** What was done with it: `send <text>`, `close <code>`, `terminate`. */
  readonly calls: string[];
  fire(type: SocketEventType, data?: unknown): void;
}

/** Makes one that is open, unless told otherwise. */
export function fakeSocket(
  given: { throws?: boolean; readyState?: number; terminates?: boolean } = {},
): FakeSocket {
  const { throws = false, readyState = WebSocket.OPEN, terminates = false } = given;
  const calls: string[] = [];
  const listeners = new Map<string, SocketEventHandler>();
  const act = (call: string): void => {
    calls.push(call);
    if (throws) throw new DOMException("the socket is gone", "InvalidStateError");
  };
  return {
    readyState,
    bufferedAmount: 0,
    calls,
    addEventListener: (type, listener) => void listeners.set(type, listener),
    send: (text) => act(`send ${text}`),
    close: (code) => act(`close ${code}`),
    ...(terminates && { terminate: (): void => void calls.push("terminate") }),
    fire: (type, data): void => listeners.get(type)?.handleEvent({ type, data }),
  };
}
