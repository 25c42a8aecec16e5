import type { Interval } from "./figure.ts";
import { normalQuantile } from "./normal-distribution.ts";
import { ranks } from "./ranks.ts";

/** Area under the ROC curve: P(positive > negative) + P(equal)/2, by mid-ranks (Mann & Whitney 1947). NaN where a class is empty. */
export function auc(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  const m = positive.filter(Boolean).length;
  const n = positive.length - m;
  const rank = ranks(scores);
  let sum = 0;
  for (const [i, yes] of positive.entries()) if (yes) sum += rank[i] as number;
  return (sum - (m * (m + 1)) / 2) / (m * n);
}

/**
 * AUC with an interval that does not collapse at 1: Newcombe's method 5 (Newcombe 2006, Statistics in Medicine 25, 559-573), which inverts
 * the score test with Hanley & McNeil's exponential variance. Prompts are taken as independent; where bases repeat, resample instead.
 */
export function aucInterval(
  scores: ArrayLike<number>,
  positive: readonly boolean[],
  level = 0.95,
): Interval & { n: number } {
  const m = positive.filter(Boolean).length;
  const n = positive.length - m;
  if (m === 0 || n === 0) throw new RangeError(`An AUC needs both classes, found ${m} positive and ${n} negative.`);
  const estimate = auc(scores, positive);
  const z = normalQuantile(0.5 + level / 2);
  const half = (m + n) / 2 - 1;
  // Distance of the estimate from a candidate value, in standard errors at that value: falls as the candidate rises.
  const away = (value: number): number => {
    const variance =
      (value * (1 - value) * (1 + (half * (1 - value)) / (2 - value) + (half * value) / (1 + value))) / (m * n);
    return variance > 0 ? (estimate - value) / Math.sqrt(variance) : Math.sign(estimate - value) * Infinity;
  };
  const solve = (target: number): number => {
    let low = 0;
    let high = 1;
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (away(middle) > target) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return {
    estimate,
    low: estimate === 0 ? 0 : solve(z),
    high: estimate === 1 ? 1 : solve(-z),
    n: m + n,
  };
}

/** d' = (mean positive - mean negative) / sqrt((var positive + var negative) / 2), sample variances (Green & Swets 1966, unequal variances). */
export function dPrime(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  const moments = (want: boolean): { mean: number; variance: number } => {
    const values = positive.flatMap((yes, i) => (yes === want ? [scores[i] as number] : []));
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1) };
  };
  const [yes, no] = [moments(true), moments(false)];
  return (yes.mean - no.mean) / Math.sqrt((yes.variance + no.variance) / 2);
}
