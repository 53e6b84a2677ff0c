/**
 * Converts between instants of the server's monotonic clock and the wall clock, for recordings and the log. No
 * decision of the server depends on it.
 *
 * @module
 */

/** The wall-clock time of instant 0 of the monotonic clock, in milliseconds since 1970. */
export function epochMs(): number {
  return performance.timeOrigin;
}

/** The wall-clock time in milliseconds since 1970. Only for people: in the log, and for when a client came. */
export function wallNow(): number {
  return Date.now();
}

/**
 * Parses a time such as "2026-03-01T12:00:00.250Z" into an instant; returns `null` if it is not valid.
 *
 * @param epoch The wall-clock time of instant 0, in milliseconds since 1970.
 */
export function instantOf(text: string, epoch: number): number | null {
  const wall = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(wall) ? null : wall - epoch;
}

/**
 * Formats an instant as UTC, to the millisecond.
 *
 * @param epoch The wall-clock time of instant 0, in milliseconds since 1970.
 */
export function wallTimeOf(at: number, epoch: number): string {
  const wall = new Date(epoch + at);
  return Number.isNaN(wall.getTime()) ? "a time beyond all calendars" : wall.toISOString();
}
