/**
 * Timers of the platform.
 *
 * @module
 */

/** Calls `callback` once, `delayMs` from now or a little later. Returns a function that cancels it. */
export function scheduleTimeout(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** Settles when the promise does, or after `maxMs`. Rejects where the promise rejects first. */
export async function within(maxMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  const cancel = scheduleTimeout(resolve, maxMs);
  try {
    await Promise.race([promise, elapsed]);
  } finally {
    cancel();
  }
}
