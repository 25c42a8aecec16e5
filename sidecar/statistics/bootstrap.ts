import { rowsByBase } from "./bases.ts";
import type { Interval } from "./figure.ts";
import { quantile } from "./quantile.ts";
import type { Random } from "./random.ts";

/** Replicates of the bootstrap wherever nothing else is said. */
export const BOOTSTRAP_REPLICATES = 2000;

export interface BootstrapOptions {
  random: Random;
  replicates?: number;
  level?: number;
}

export interface BootstrapInterval extends Interval {
  /** Base prompts, the units resampled. */
  bases: number;
  /** Standard deviation over the replicates. */
  error: number;
  /** Replicates whose statistic was not a number; they are left out of the quantiles. */
  undefinedReplicates: number;
  /** Every replicate gave the same value: the interval is a point and says nothing about certainty. */
  collapsed: boolean;
}

/**
 * Percentile bootstrap over base prompts (Efron 1979; Davison & Hinkley 1997): bases are drawn with replacement, with all their rows.
 * Not for rates where all outcomes may be alike: there it collapses to a point (`collapsed`); use Wilson's and Newcombe's intervals.
 * @param base base id per row, length n.
 * @param statistic of row indices (with repetition); NaN where undefined.
 */
export function bootstrap(
  base: readonly string[],
  statistic: (rows: readonly number[]) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const interval = bootstrapVector(base, (rows) => [statistic(rows)], options)[0];
  if (interval === undefined) throw new RangeError("A bootstrap needs at least one row, found none.");
  return interval;
}

/** As `bootstrap`, for a statistic of several numbers that are computed together. */
export function bootstrapVector(
  base: readonly string[],
  statistic: (rows: readonly number[]) => readonly number[],
  options: BootstrapOptions,
): BootstrapInterval[] {
  const { random, replicates = BOOTSTRAP_REPLICATES, level = 0.95 } = options;
  const groups = rowsByBase(base);
  if (groups.length === 0) throw new RangeError("A bootstrap needs at least one row, found none.");
  const estimates = statistic(base.map((_, row) => row));
  const draws = estimates.map(() => new Float64Array(replicates));
  for (let b = 0; b < replicates; b++) {
    const rows: number[] = [];
    for (let g = 0; g < groups.length; g++) {
      for (const row of groups[random.below(groups.length)] as number[]) rows.push(row);
    }
    const values = statistic(rows);
    for (let k = 0; k < draws.length; k++) (draws[k] as Float64Array)[b] = values[k] ?? Number.NaN;
  }
  return estimates.map((estimate, k) =>
    summarise(
      estimate,
      (draws[k] as Float64Array).filter((value) => !Number.isNaN(value)),
      level,
      groups.length,
      replicates,
    ),
  );
}

function summarise(
  estimate: number,
  draws: Float64Array,
  level: number,
  bases: number,
  replicates: number,
): BootstrapInterval {
  const sorted = draws.sort();
  const undefinedReplicates = replicates - sorted.length;
  if (sorted.length === 0) {
    const nan = Number.NaN;
    return { estimate, low: nan, high: nan, error: nan, bases, undefinedReplicates, collapsed: true };
  }
  const mean = sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
  const variance = sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, sorted.length - 1);
  return {
    estimate,
    low: quantile(sorted, (1 - level) / 2),
    high: quantile(sorted, (1 + level) / 2),
    bases,
    error: Math.sqrt(variance),
    undefinedReplicates,
    collapsed: sorted[0] === sorted[sorted.length - 1],
  };
}
