/** One socket, seen from above: both ends, what is under way in each direction, and what befell it. */
import type { ConnId } from "../../core/mod.ts";

/** The client's end: the handlers of its WebSocket. */
export interface Endpoint {
  readonly opened: () => void;
  readonly message: (text: string) => void;
  readonly closed: () => void;
}

/** What its client gave to open a socket. */
export interface LinkOptions {
  readonly id: string;
  readonly token: string;
  readonly address: string;
  readonly endpoint: Endpoint;
  /** A client that may be thrown out for what it sends. */
  readonly isRough: boolean;
  /** A client that may be timed out, because it sends no heartbeats. */
  readonly isSilent: boolean;
}

/** What is under way in one direction, in order; `null` is the close frame. */
export interface Lane {
  readonly queue: (string | null)[];
  lastAt: number;
}

/** What the server's end is to its adapter: not there yet, known, no longer open but not reported, gone. */
export type ServerEnd = "none" | "open" | "closing" | "gone";

export class Link {
  readonly id: string;
  readonly token: string;
  readonly address: string;
  readonly isRough: boolean;
  readonly isSilent: boolean;
  /** `null` once the client took its handlers off. */
  endpoint: Endpoint | null;
  /** The handshake is done at the client's end. */
  isOpen = false;
  conn: ConnId | null = null;
  serverEnd: ServerEnd = "none";
  /** The `socket-opened` of it was dispatched; what came before waits in `early`. */
  isBegun = false;
  readonly early: string[] = [];
  readonly up: Lane = { queue: [], lastAt: 0 };
  readonly down: Lane = { queue: [], lastAt: 0 };
  /** Since when nothing gets through. */
  cutAt = Infinity;
  /** A server that sends on a cut link hears of the cut. */
  isReset = false;
  /** Until when its client neither reads nor acts. */
  frozenUntil = 0;
  /** Whether it was ever cut or frozen: nothing is promised to its client then. */
  isDisturbed = false;
  /** What the server wrote that was not read: at this instant, and since the client froze. */
  turnAt = -1;
  turnBytes = 0;
  frozenBytes = 0;
  /** The highest letter of each sender that was read here. */
  readonly lastRead = new Map<Link, number>();

  constructor({ id, token, address, endpoint, isRough, isSilent }: LinkOptions) {
    this.id = id;
    this.token = token;
    this.address = address;
    this.endpoint = endpoint;
    this.isRough = isRough;
    this.isSilent = isSilent;
  }

  /** Whether both ends are open, and nothing was ever wrong with it. */
  get isSound(): boolean {
    return !this.isDisturbed && this.isOpen && this.endpoint !== null && this.serverEnd === "open";
  }
}
