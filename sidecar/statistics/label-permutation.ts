import { rowsByBase } from "./bases.ts";
import { quantile } from "./quantile.ts";
import { type Random, shuffle } from "./random.ts";

export interface PermutationNull {
  estimate: number;
  /** Mean and 95% limits of the statistic under permuted labels. */
  mean: number;
  low: number;
  high: number;
  /** One-sided: share of permutations at least as large as the estimate, the estimate counted among them (Phipson & Smyth 2010). */
  p: number;
}

/**
 * Null of a statistic of labelled rows by permuting labels. Exchangeability respects the base prompts: where every base has one label,
 * whole bases trade labels; where bases hold several (matched pairs), labels are permuted within each base.
 * @param labels one per row.
 * @param base base id per row.
 * @param statistic of labels in row order.
 */
export function labelPermutation<Label>(
  labels: readonly Label[],
  base: readonly string[],
  statistic: (labels: readonly Label[]) => number,
  { random, permutations = 1000 }: { random: Random; permutations?: number },
): PermutationNull {
  const groups = rowsByBase(base);
  const pure = groups.every((rows) => rows.every((row) => labels[row] === labels[rows[0] as number]));
  const estimate = statistic(labels);
  const draws = new Float64Array(permutations);
  const permuted = [...labels];
  for (let b = 0; b < permutations; b++) {
    if (pure) {
      const traded = shuffle(
        groups.map((rows) => labels[rows[0] as number] as Label),
        random,
      );
      for (const [g, rows] of groups.entries()) for (const row of rows) permuted[row] = traded[g] as Label;
    } else {
      for (const rows of groups) {
        const traded = shuffle(
          rows.map((row) => labels[row] as Label),
          random,
        );
        for (const [k, row] of rows.entries()) permuted[row] = traded[k] as Label;
      }
    }
    draws[b] = statistic(permuted);
  }
  const atLeast = draws.reduce((count, x) => count + (x >= estimate - 1e-12 ? 1 : 0), 0);
  const sorted = draws.sort();
  return {
    estimate,
    mean: sorted.reduce((sum, x) => sum + x, 0) / permutations,
    low: quantile(sorted, 0.025),
    high: quantile(sorted, 0.975),
    p: (atLeast + 1) / (permutations + 1),
  };
}
