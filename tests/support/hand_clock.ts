/** A clock that a test moves, with one timer at most. */
import { assertEquals } from "./assert.ts";

export class HandClock {
  now = 0;
  timer: { readonly at: number; readonly callback: () => void } | null = null;

  /** What is given to whoever takes its time from here. */
  readonly ports = {
    now: (): number => this.now,
    schedule: (callback: () => void, delayMs: number): () => void => {
      assertEquals(this.timer, null, "one timer");
      this.timer = { at: this.now + delayMs, callback };
      return () => this.timer = null;
    },
  };

  /** Lets time pass until the timer is due, or to `at`, and calls back. */
  wake(at = this.timer?.at ?? this.now): void {
    const { timer } = this;
    this.timer = null;
    this.now = at;
    timer?.callback();
  }
}
