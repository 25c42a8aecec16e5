import { tCdf } from "./t-distribution.ts";

/**
 * Two one-sided tests (Schuirmann 1987) from an interval: equivalent at error `e` when the two-sided 1 - 2e interval lies within the bounds.
 * @param interval the two-sided 90% interval for a test at 5%.
 */
export function withinBounds(interval: { low: number; high: number }, bounds: { low: number; high: number }): boolean {
  return interval.low > bounds.low && interval.high < bounds.high;
}

/**
 * TOST of a mean of paired differences against bounds, by Student's t.
 * @param differences one per base prompt (average the variants of a base first).
 * @returns the larger of the two one-sided p-values; 1 where fewer than two differences are given.
 */
export function tostPaired(differences: readonly number[], bounds: { low: number; high: number }): number {
  const n = differences.length;
  if (n < 2) return 1;
  const mean = differences.reduce((sum, x) => sum + x, 0) / n;
  const variance = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  const error = Math.sqrt(variance / n);
  if (error === 0) return mean > bounds.low && mean < bounds.high ? 0 : 1;
  const pLow = 1 - tCdf((mean - bounds.low) / error, n - 1);
  const pHigh = tCdf((mean - bounds.high) / error, n - 1);
  return Math.max(pLow, pHigh);
}
