/**
 * The end of a turn of the event loop.
 *
 * @module
 */

/** Calls `callback` once everything that this turn of the event loop brings is done. */
export function afterTurn(callback: () => void): void {
  // A turn resolves the promises of all that it brings, so what they do comes before this second step.
  Promise.resolve().then(() => queueMicrotask(callback));
}
