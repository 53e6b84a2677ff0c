/**
 * Sockets that the server has closed and whose clients have not answered the close frame yet.
 *
 * `Deno.serve` cannot end a connection whose client never answers, so its descriptor is lost (compare
 * denoland/deno#27924). After {@linkcode ANSWER_MAX_MS} such a socket no longer counts against the limit of the
 * server, but it counts against the limit of its address group until it is closed.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";
import { Tally } from "../tally.ts";
import type { Link } from "./link.ts";
import { LinkTimeouts } from "./timeouts.ts";

/** The limit, the clock, and the callback. */
export interface ClosingOptions extends Pick<Ports, "now" | "schedule"> {
  /** How many sockets may wait for their client's answer before new sockets are refused. */
  readonly max: number;
  /** Called for a socket that has not answered for {@linkcode ANSWER_MAX_MS}. */
  readonly onStuck: () => void;
}

/** The closing sockets of one server. */
export class Closing {
  readonly #max: number;
  readonly #waiting: LinkTimeouts;
  readonly #stuck = new Set<Link>();
  /** How many sockets, waiting or stuck, each address group has. */
  readonly #shares = new Tally();
  #onDrained = (): void => {};

  constructor({ max, now, schedule, onStuck }: ClosingOptions) {
    this.#max = max;
    this.#waiting = new LinkTimeouts({
      maxMs: ANSWER_MAX_MS,
      now,
      schedule,
      onTimeout: (link) => {
        this.#stuck.add(link);
        onStuck();
        this.#settleIfDrained();
      },
    });
  }

  has(link: Link): boolean {
    return this.#waiting.has(link) || this.#stuck.has(link);
  }

  add(link: Link): void {
    this.#waiting.add(link);
    this.#shares.add(link.addressGroup, 1);
  }

  /** Removes a socket that is closed. The platform may report a close more than once. */
  delete(link: Link): void {
    if (!this.#waiting.delete(link) && !this.#stuck.delete(link)) return;
    this.#shares.add(link.addressGroup, -1);
    this.#settleIfDrained();
  }

  /** Whether the server may accept another socket from this address group. */
  hasRoom(addressGroup: string): boolean {
    if (this.#waiting.size + this.#stuck.size === 0) return true;
    return this.#waiting.size < this.#max &&
      this.#shares.of(addressGroup) < Math.ceil(this.#max / SHARE_DIVISOR);
  }

  /** Settles when every socket has answered its close or is stuck. */
  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onDrained = resolve;
    this.#settleIfDrained();
    return promise;
  }

  /** Cancels the timer. */
  stop(): void {
    this.#waiting.stop();
  }

  #settleIfDrained(): void {
    if (this.#waiting.size === 0) this.#onDrained();
  }
}

/** How long a client may take to answer its close before its place goes to others. */
export const ANSWER_MAX_MS = 30_000;

/**
 * One address group may have a 16th of the unanswered closes: a few attackers together lock nobody else out, and the
 * clients behind one proxy do answer.
 */
const SHARE_DIVISOR = 16;
