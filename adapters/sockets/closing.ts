/**
 * Sockets that were told to close and have not answered: how many there are, and from which addresses.
 *
 * `Deno.serve` has no way to end one that never answers. After a while it no longer takes a place from others;
 * its address keeps it, and it is counted as stuck, because it holds a descriptor.
 *
 * @module
 */
import type { Link } from "./link.ts";
import type { Ports } from "../runtime.ts";

/** What bounds them, and who is told. */
export interface ClosingOptions extends Pick<Ports, "now" | "schedule"> {
  /** How many may leave their close unanswered before there is no room for others. */
  readonly max: number;
  /** Is told of a socket that has not answered for {@linkcode ANSWER_MAX_MS}. */
  readonly stuck: () => void;
}

/** The sockets of one server that are closing. */
export class Closing {
  readonly #options: ClosingOptions;
  /** Until when each may answer, in the order in which they were told. */
  readonly #waiting = new Map<Link, number>();
  readonly #stuck = new Set<Link>();
  /** How many of both an address has. */
  readonly #byAddress = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #onNone = (): void => {};

  /** Starts with none. */
  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  has(link: Link): boolean {
    return this.#waiting.has(link) || this.#stuck.has(link);
  }

  add(link: Link): void {
    this.#waiting.set(link, this.#options.now() + ANSWER_MAX_MS);
    this.#byAddress.set(link.address, (this.#byAddress.get(link.address) ?? 0) + 1);
    this.#cancel ??= this.#options.schedule(() => this.#giveUp(), ANSWER_MAX_MS);
  }

  /** Forgets a socket that is closed; that may be reported more than once. */
  delete(link: Link): void {
    if (!this.#waiting.delete(link) && !this.#stuck.delete(link)) return;
    const left = (this.#byAddress.get(link.address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(link.address, left);
    else this.#byAddress.delete(link.address);
    this.#rest();
  }

  /** Whether an address, as `addressGroup` gives it, may have another socket beside these. */
  hasRoom(address: string): boolean {
    const { max } = this.#options;
    const own = this.#byAddress.get(address) ?? 0;
    return this.#waiting.size < max && own < Math.ceil(max / ADDRESS_SHARE);
  }

  /** Settles when none is waited for. */
  none(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    this.#rest();
    return promise;
  }

  /** Needs no timer any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.stop();
    this.#onNone();
  }

  #giveUp(): void {
    this.#cancel = null;
    const now = this.#options.now();
    for (const [link, until] of this.#waiting) {
      if (until > now) {
        this.#cancel = this.#options.schedule(() => this.#giveUp(), until - now);
        return;
      }
      this.#waiting.delete(link);
      this.#stuck.add(link);
      this.#options.stuck();
    }
    this.#rest();
  }
}

/** How long a client may take to answer its close before its place is given to others. */
export const ANSWER_MAX_MS = 30_000;

/**
 * One address may have a 16th of the sockets that do not answer their close: few attackers together turn nobody
 * else away, and a proxy's clients answer.
 */
const ADDRESS_SHARE = 16;
