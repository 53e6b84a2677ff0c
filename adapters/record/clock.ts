/**
 * The one place where recordings and the log meet the wall clock: instants of the server's clock, which is
 * monotonic, as people write them, and back. Nothing that the server does depends on it.
 *
 * @module
 */

/** The wall-clock time of instant 0 of this process, in milliseconds since 1970. */
export function epochMs(): number {
  return performance.timeOrigin;
}

/** The wall-clock time, in milliseconds since 1970, for a line of the log. */
export function wallNow(): number {
  return Date.now();
}

/** The instant of a time such as "2026-03-01T12:00:00.250Z"; `null` where it is none. */
export function instantOf(text: string, zero: number): number | null {
  const wall = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(wall) ? null : wall - zero;
}

/** An instant as UTC, to the millisecond. */
export function wallTimeOf(at: number, zero: number): string {
  const wall = new Date(zero + at);
  return Number.isNaN(wall.getTime()) ? "a time beyond all calendars" : wall.toISOString();
}
