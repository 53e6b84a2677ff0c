/**
 * Sockets that have a limited time for something.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";
import type { Link } from "./link.ts";

/** How long sockets have, and what happens afterwards. */
export interface LinkTimeoutsOptions extends Pick<Ports, "now" | "schedule"> {
  /** In milliseconds, from `add`. */
  readonly maxMs: number;
  /** Called for a socket whose time is up; it is no longer in the set then. */
  readonly onTimeout: (link: Link) => void;
}

/**
 * Sockets with the same time limit, so that insertion order is the order of their deadlines and one timer serves
 * all of them. It stays when the last socket goes: others come before it fires, and a timer for each costs more.
 */
export class LinkTimeouts {
  readonly #options: LinkTimeoutsOptions;
  readonly #deadlines = new Map<Link, number>();
  #cancel: (() => void) | null = null;

  constructor(options: LinkTimeoutsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  has(link: Link): boolean {
    return this.#deadlines.has(link);
  }

  add(link: Link): void {
    const { maxMs, now } = this.#options;
    this.#deadlines.set(link, now() + maxMs);
    this.#arm(maxMs);
  }

  /** Returns whether the socket was in the set. */
  delete(link: Link): boolean {
    return this.#deadlines.delete(link);
  }

  /** Removes all sockets and cancels the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#deadlines.clear();
  }

  #arm(delayMs: number): void {
    this.#cancel ??= this.#options.schedule(() => this.#expire(), delayMs);
  }

  #expire(): void {
    this.#cancel = null;
    const now = this.#options.now();
    const expired: Link[] = [];
    for (const [link, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#arm(deadline - now);
        break;
      }
      this.#deadlines.delete(link);
      expired.push(link);
    }
    expired.forEach(this.#options.onTimeout);
  }
}
