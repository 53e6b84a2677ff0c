/**
 * Limits the data that waits for clients that read slowly: per socket, in total, and in time.
 *
 * A socket that keeps up costs one comparison per message. The timer runs only while some socket does not.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import type { ConnId, Settings } from "../../core/mod.ts";
import type { SocketLike } from "./link.ts";

/** The limits, the clock, and the callback. */
export interface SlowReadersOptions {
  readonly settings: Pick<
    Settings,
    "max_unsent_bytes" | "max_total_unsent_bytes" | "unsent_timeout"
  >;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Called for a socket whose client has read nothing for `unsent_timeout`. */
  readonly onStuck: (conn: ConnId) => void;
}

/** The slow readers of one server. */
export class SlowReaders {
  readonly #options: SlowReadersOptions;
  readonly #slow = new Map<ConnId, Slow>();
  #totalUnsent = 0;
  #cancel: (() => void) | null = null;

  constructor(options: SlowReadersOptions) {
    this.#options = options;
  }

  /** Whether a text of `length` characters may be sent now. If so, counts it as unsent. */
  admits(conn: ConnId, socket: SocketLike, length: number): boolean {
    const { max_unsent_bytes, max_total_unsent_bytes } = this.#options.settings;
    const unsent = socket.bufferedAmount;
    const isOver = unsent + length > max_unsent_bytes;
    if (unsent <= SLOW_FROM_BYTES && !isOver) return true;
    const slow = this.#measure(conn, socket, unsent);
    if (isOver || this.#totalUnsent + length > max_total_unsent_bytes) return false;
    slow.unsent += length;
    this.#totalUnsent += length;
    return true;
  }

  /** The unsent bytes of all slow readers, each as last measured. */
  get totalUnsent(): number {
    return this.#totalUnsent;
  }

  forget(conn: ConnId): void {
    this.#totalUnsent -= this.#slow.get(conn)?.unsent ?? 0;
    this.#slow.delete(conn);
  }

  /** Forgets all sockets and cancels the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#slow.clear();
    this.#totalUnsent = 0;
  }

  /** Updates the unsent bytes of a socket, and restarts its time if there are fewer than before. */
  #measure(conn: ConnId, socket: SocketLike, unsent: number): Slow {
    const known = this.#slow.get(conn);
    const slow = known ?? { socket, unsent: 0, since: this.#options.now() };
    if (known === undefined) this.#slow.set(conn, slow);
    else if (unsent < slow.unsent) slow.since = this.#options.now();
    this.#totalUnsent += unsent - slow.unsent;
    slow.unsent = unsent;
    this.#cancel ??= scheduleTimeout(
      () => this.#checkAll(),
      this.#options.settings.unsent_timeout / 4,
    );
    return slow;
  }

  #checkAll(): void {
    this.#cancel = null;
    const { settings, now, onStuck } = this.#options;
    for (const [conn, { socket }] of [...this.#slow]) {
      const unsent = socket.bufferedAmount;
      if (unsent <= SLOW_FROM_BYTES) this.forget(conn);
      else if (now() - this.#measure(conn, socket, unsent).since >= settings.unsent_timeout) {
        onStuck(conn);
      }
    }
  }
}

/** A socket with more unsent is a slow reader. Less is not worth a timer. */
const SLOW_FROM_BYTES = 16_384;

interface Slow {
  readonly socket: SocketLike;
  /** Unsent bytes as last measured, and the texts sent since. */
  unsent: number;
  /** When `unsent` last fell, by the clock of the options. */
  since: number;
}
