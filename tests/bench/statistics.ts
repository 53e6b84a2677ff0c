/**
 * Order statistics, and ratios of what was measured side by side.
 *
 * @module
 */

/** A ratio over the rounds; each round gives one. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value that a share `p` of the values does not exceed, by nearest rank; the values are sorted. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  const rank = Math.ceil(p * sorted.length) - 1;
  return sorted[Math.max(0, Math.min(sorted.length - 1, rank))] ?? NaN;
}

/** The median; of an even number the mean of the two in the middle, of none `null`. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/**
 * One series over another, round by round; `null` where no round has both.
 *
 * @param values The rounds; `null` where a round gave nothing.
 */
export function ratioOf(
  values: readonly (number | null)[],
  to: readonly (number | null)[],
): Ratio | null {
  const ratios = values.flatMap((value, i) => {
    const base = to[i] ?? null;
    return value === null || base === null || base === 0 ? [] : [value / base];
  });
  const middle = median(ratios);
  return middle === null
    ? null
    : { median: middle, min: Math.min(...ratios), max: Math.max(...ratios) };
}
