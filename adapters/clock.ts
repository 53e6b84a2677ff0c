/**
 * The platform's timers.
 *
 * @module
 */

/** Calls back once, `delayMs` from now or a little later; returns what cancels it. */
export function scheduleTimeout(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** Settles with the promise, or `maxMs` from now, whichever is first. */
export async function within(maxMs: number, promise: Promise<void>): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  const cancel = scheduleTimeout(resolve, maxMs);
  try {
    await Promise.race([promise, elapsed]);
  } finally {
    cancel();
  }
}
