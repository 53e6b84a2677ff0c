/**
 * Sockets that have much unsent: how much each may have, how much all of them, and for how long.
 *
 * A socket with little unsent costs one comparison a message, and no timer runs while there is none with much.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import type { ConnId, Settings } from "../../core/mod.ts";
import type { SocketLike } from "./link.ts";

/** What is watched, and who is told. */
export interface SlowReadersOptions {
  readonly settings: Pick<
    Settings,
    "max_unsent_bytes" | "max_total_unsent_bytes" | "unsent_timeout"
  >;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Is told of a socket of which nothing was read for `unsent_timeout`. */
  readonly stuck: (conn: ConnId) => void;
}

/** The slow readers of one server. */
export class SlowReaders {
  readonly #options: SlowReadersOptions;
  readonly #slow = new Map<ConnId, Slow>();
  /** How much all of them had unsent when each was last looked at. */
  #total = 0;
  #cancel: (() => void) | null = null;

  /** Starts with none. */
  constructor(options: SlowReadersOptions) {
    this.#options = options;
  }

  /** Whether a text of so many characters may be sent to a socket now. */
  admits(conn: ConnId, socket: SocketLike, length: number): boolean {
    const { max_unsent_bytes, max_total_unsent_bytes } = this.#options.settings;
    const unsent = socket.bufferedAmount;
    const isOver = unsent + length > max_unsent_bytes;
    if (unsent <= WATCHED_BYTES && !isOver) return true;
    const slow = this.#look(conn, socket, unsent);
    if (isOver || this.#total + length > max_total_unsent_bytes) return false;
    slow.unsent += length;
    this.#total += length;
    return true;
  }

  /** A socket is no longer watched. */
  forget(conn: ConnId): void {
    this.#total -= this.#slow.get(conn)?.unsent ?? 0;
    this.#slow.delete(conn);
  }

  /** Watches nobody any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#slow.clear();
    this.#total = 0;
  }

  /** Notes how much a socket has unsent, and since when it made no progress. */
  #look(conn: ConnId, socket: SocketLike, unsent: number): Slow {
    const known = this.#slow.get(conn);
    const slow = known ?? { socket, unsent: 0, since: this.#options.now() };
    if (known === undefined) this.#slow.set(conn, slow);
    else if (unsent < slow.unsent) slow.since = this.#options.now();
    this.#total += unsent - slow.unsent;
    slow.unsent = unsent;
    this.#cancel ??= scheduleTimeout(
      () => this.#lookAtAll(),
      this.#options.settings.unsent_timeout / 4,
    );
    return slow;
  }

  /** Costs as much as there are slow readers. */
  #lookAtAll(): void {
    this.#cancel = null;
    const { settings, now, stuck } = this.#options;
    for (const [conn, { socket }] of [...this.#slow]) {
      const unsent = socket.bufferedAmount;
      if (unsent <= WATCHED_BYTES) this.forget(conn);
      else if (now() - this.#look(conn, socket, unsent).since >= settings.unsent_timeout) {
        stuck(conn);
      }
    }
  }
}

/** Less than this unsent is not worth a timer. */
const WATCHED_BYTES = 16_384;

interface Slow {
  readonly socket: SocketLike;
  /** How much it will have unsent if nothing is read. */
  unsent: number;
  /** Since when nothing was. */
  since: number;
}
