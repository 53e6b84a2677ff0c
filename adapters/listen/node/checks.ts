/**
 * When to look at which socket: one timer for all, because a timer of the platform takes 500 bytes of a connection.
 *
 * @module
 */
import {
  addDeadline,
  type ConnId,
  connId,
  type Deadlines,
  firstDeadline,
  type Millis,
  millis,
  removeDeadline,
} from "../../../core/mod.ts";
import { scheduleTimeout } from "../../clock.ts";

/** What is looked at. */
export interface Checked {
  readonly serial: ConnId;
  /** When it is looked at next; the checks alone write it. */
  dueAt: Millis;
  /** Called once when it is due. It may be added again. */
  readonly check: () => void;
}

/** The checks of one listener. */
export class Checks {
  readonly #now: () => number;
  readonly #all = new Map<ConnId, Checked>();
  #due: Deadlines = null;
  #firesAt = Infinity;
  #cancel: (() => void) | null = null;
  #lastSerial = 0;

  /** @param now The time of the loop in milliseconds, which excludes pauses of the process. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of another socket. */
  nextSerial(): ConnId {
    return connId(++this.#lastSerial);
  }

  /** Looks at a socket after so many milliseconds. It must not wait for a check already. */
  add(checked: Checked, delayMs: number): void {
    checked.dueAt = millis(this.#now() + delayMs);
    this.#all.set(checked.serial, checked);
    this.#due = addDeadline(this.#due, checked.dueAt, checked.serial);
    this.#arm(checked.dueAt);
  }

  delete(checked: Checked): void {
    if (!this.#all.delete(checked.serial)) return;
    this.#due = removeDeadline(this.#due, checked.dueAt, checked.serial);
    if (this.#due === null) this.#disarm();
  }

  /** A timer that fires early is harmless, so only one that would fire late is replaced. */
  #arm(at: Millis): void {
    if (at >= this.#firesAt) return;
    this.#disarm();
    this.#firesAt = at;
    this.#cancel = scheduleTimeout(() => this.#fire(), Math.max(0, Math.ceil(at - this.#now())));
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#firesAt = Infinity;
  }

  #fire(): void {
    this.#disarm();
    const now = this.#now();
    let first = firstDeadline(this.#due);
    for (; first !== null && first.at <= now; first = firstDeadline(this.#due)) {
      const checked = this.#all.get(first.conn);
      if (checked === undefined) return;
      this.delete(checked);
      checked.check();
    }
    if (first !== null) this.#arm(first.at);
  }
}
