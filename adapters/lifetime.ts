/**
 * The time that a certificate is still valid, in words, and whether its renewal is late.
 *
 * @module
 */

/** When a certificate ends, from now on, and how long it is valid altogether; `null` where it does not say. */
export interface Lifetime {
  /** Negative if it has ended. */
  readonly endsInMs: number | null;
  readonly lifeMs: number | null;
}

/** Reads the two dates of a certificate. */
export function lifetimeOf(validFrom: string, validTo: string): Lifetime {
  const [beginsAt, endsAt] = [Date.parse(validFrom), Date.parse(validTo)];
  return {
    endsInMs: Number.isNaN(endsAt) ? null : endsAt - Date.now(),
    lifeMs: Number.isNaN(endsAt - beginsAt) ? null : endsAt - beginsAt,
  };
}

/** Whether a renewal is late. Some authorities give certificates of days or hours, and renew them near their end. */
export function endsSoon({ endsInMs, lifeMs }: Lifetime): boolean {
  if (endsInMs === null) return false;
  return endsInMs < (lifeMs !== null && lifeMs < SHORT_LIFE_MS ? lifeMs / 10 : SOON_MS);
}

/** A time in whole days, hours or minutes. */
export function timeText(ms: number): string {
  const [size, unit] = ms < 2 * HOUR_MS
    ? [60_000, "minutes"]
    : ms < 2 * DAY_MS
    ? [HOUR_MS, "hours"]
    : [DAY_MS, "days"];
  return `${Math.floor(ms / size)} ${unit}`;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SOON_MS = 14 * DAY_MS;
const SHORT_LIFE_MS = 2 * SOON_MS;
