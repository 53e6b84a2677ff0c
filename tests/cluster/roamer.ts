/**
 * A client that comes back, as a page with the stock client does: after a close it opens a socket with the same id and
 * token, wherever a load balancer leads it. What it has to say while it is away waits until it is back.
 *
 * @module
 */
import { WebSocket } from "../../adapters/ws.ts";
import { socketUrl } from "../support/peer_socket.ts";

/** Where a client may connect to: the load balancer in front of some nodes. */
export interface Balancer {
  /** The next of the nodes that there are, each time another. */
  readonly next: () => string;
  /** How many nodes there are. */
  readonly count: () => number;
}

export interface RoamerOptions {
  readonly id: string;
  readonly balancer: Balancer;
  /** What comes, but `OPEN`. */
  readonly hear: (frame: { readonly type: string; readonly src: string; payload: unknown }) => void;
  /** How long it takes a client until it tries to come back. */
  readonly comeBackMs: () => number;
}

/** How a client fared. */
export interface Roaming {
  /** Each time that it was away, from the close of its socket to its `OPEN`, in milliseconds. */
  readonly awayMs: number[];
  /** How often each code closed it. */
  readonly codes: Map<number, number>;
  /** Sockets that were not opened, after which another node was tried. */
  turnedAway: number;
}

/**
 * A client that comes back. Its socket is one of `npm:ws`: what that takes before it hears of the close is on the wire
 * before its answer. With that of Deno, as in a browser, the close may have been answered already.
 */
export class Roamer implements Roaming {
  readonly awayMs: number[] = [];
  readonly codes = new Map<number, number>();
  turnedAway = 0;
  readonly #options: RoamerOptions;
  readonly #outbox: string[] = [];
  #socket: WebSocket | null = null;
  #isOpen = false;
  #awaySince = performance.now();
  #isOver = false;
  #opened = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoamerOptions) {
    this.#options = options;
    this.#connect(0);
  }

  /** Settles when it is open for the first time. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Sends a message, now or when it is back. */
  send(frame: unknown): void {
    const text = JSON.stringify(frame);
    if (this.#isOpen && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
    else this.#outbox.push(text);
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    await new Promise((resolve) => {
      socket.on("close", resolve);
      socket.close();
    });
  }

  #connect(tries: number): void {
    const { id, balancer } = this.#options;
    const url = socketUrl({ wsUrl: balancer.next(), key: "peerjs", id, token: `token of ${id}` });
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.on("message", (data) => this.#hear(String(data)));
    // A close follows.
    socket.on("error", () => {});
    socket.on("close", (code) => this.#lost(code, tries));
  }

  #hear(text: string): void {
    const frame = JSON.parse(text);
    if (frame.type !== "OPEN") return this.#options.hear(frame);
    this.#isOpen = true;
    if (this.codes.size > 0) this.awayMs.push(performance.now() - this.#awaySince);
    this.#opened.resolve();
    for (const waiting of this.#outbox.splice(0)) this.#socket?.send(waiting);
  }

  #lost(code: number, tries: number): void {
    if (this.#isOver) return;
    const { balancer, comeBackMs } = this.#options;
    if (this.#isOpen) {
      this.#awaySince = performance.now();
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    } else this.turnedAway++;
    const isNext = !this.#isOpen && tries + 1 < balancer.count();
    this.#isOpen = false;
    // A load balancer tries another node at once; a page waits.
    if (isNext) this.#connect(tries + 1);
    else this.#timer = setTimeout(() => this.#connect(0), comeBackMs());
  }
}
