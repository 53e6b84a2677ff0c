/**
 * What the invariants of a state promise, said aloud.
 *
 * @module
 */

/** A value that is there whenever the state is sound; where it is not, that is our own bug, and it throws. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("The state contradicts itself: a value is missing");
  return value;
}
