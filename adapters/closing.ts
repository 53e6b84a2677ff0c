/**
 * Sockets that were told to close and have not answered: how many there are, and from which addresses.
 *
 * @module
 */
import type { Link } from "./link.ts";

/** The sockets of one server that are closing. */
export class Closing {
  readonly #max: number;
  readonly #links = new Set<Link>();
  /** How many of them an address has. */
  readonly #byAddress = new Map<string, number>();
  #onNone = (): void => {};

  /** `max` is how many may leave their close unanswered before there is no room for others. */
  constructor(max: number) {
    this.#max = max;
  }

  has(link: Link): boolean {
    return this.#links.has(link);
  }

  add(link: Link): void {
    this.#links.add(link);
    this.#byAddress.set(link.address, (this.#byAddress.get(link.address) ?? 0) + 1);
  }

  /** Forgets a socket that is closed; that may be reported more than once. */
  delete(link: Link): void {
    if (!this.#links.delete(link)) return;
    const left = (this.#byAddress.get(link.address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(link.address, left);
    else this.#byAddress.delete(link.address);
    if (this.#links.size === 0) this.#onNone();
  }

  /** Whether an address, as `addressGroup` gives it, may have another socket beside these. */
  hasRoom(address: string): boolean {
    const own = this.#byAddress.get(address) ?? 0;
    return this.#links.size < this.#max && own < Math.ceil(this.#max / ADDRESS_SHARE);
  }

  /** Settles when there is none. */
  none(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onNone = resolve;
    if (this.#links.size === 0) resolve();
    return promise;
  }
}

/** One address may have half of the sockets that do not answer their close: it may be a proxy's. */
const ADDRESS_SHARE = 2;
