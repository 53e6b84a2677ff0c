/**
 * A rate as one instant: up to it the uses so far use up the rate.
 *
 * This is the generic cell rate algorithm (GCRA, ITU-T I.371). It equals a token bucket and needs no timer.
 *
 * @module
 */
import { type Millis, millis } from "./ids.ts";

/**
 * Adds `count` uses to a rate: returns the instant up to which it is then used up, or `null` if that is over
 * `rate` uses a second in the long run and `burst` at once. A rate of 0 sets no limit.
 */
export function spend(
  until: Millis,
  now: Millis,
  rate: number,
  burst: number,
  count = 1,
): Millis | null {
  if (rate === 0) return until;
  const priceMs = 1_000 / rate;
  const next = Math.max(until, now) + count * priceMs;
  // Half a price of slack, so that rounding errors in the sum of prices never cost a use.
  return next - now > (burst + 0.5) * priceMs ? null : millis(next);
}
