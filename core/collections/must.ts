/**
 * An assertion for what the invariants of a state guarantee.
 *
 * @module
 */

/**
 * Returns a value that every consistent state has.
 *
 * @throws {TypeError} If it is `undefined`, which is a bug of the server.
 */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("The state contradicts itself: a value is missing");
  return value;
}
