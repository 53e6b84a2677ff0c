/**
 * An assertion for what the invariants of a state guarantee.
 *
 * @module
 */

/**
 * Returns a value that every consistent state has.
 *
 * @throws {TypeError} If it is `undefined` or `null`, which is a bug of the server.
 */
export function must<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) {
    throw new TypeError("The state contradicts itself: a value is missing");
  }
  return value;
}
