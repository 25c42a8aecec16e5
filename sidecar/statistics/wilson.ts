import type { Interval } from "./figure.ts";
import { normalQuantile } from "./normal-distribution.ts";

/** Wilson's score limits of a rate for a given z; `n` may be fractional (an effective n). */
export function wilsonLimits(rate: number, n: number, z: number): { low: number; high: number } {
  if (!(n > 0)) return { low: 0, high: 1 };
  const centre = (rate + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, Math.min(rate, centre - half)), high: Math.min(1, Math.max(rate, centre + half)) };
}

/**
 * Wilson's score interval of a rate (Wilson 1927; Brown, Cai & DasGupta 2001): it stays honest where all outcomes are alike.
 * @param successes count, may be fractional when scaled by a design effect.
 * @param n trials, or the effective n.
 * @param level two-sided coverage.
 */
export function wilson(successes: number, n: number, level = 0.95): Interval {
  if (!(n > 0)) throw new RangeError(`A rate needs at least one outcome, found n = ${n}.`);
  const rate = successes / n;
  return { estimate: rate, ...wilsonLimits(rate, n, normalQuantile(0.5 + level / 2)) };
}
