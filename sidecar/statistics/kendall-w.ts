import { ranks } from "./ranks.ts";

/**
 * Kendall's coefficient of concordance W with the correction for ties (Kendall & Babington Smith 1939; Siegel & Castellan 1988):
 * 1 where all scorers rank the items alike, 0 where their ranks have nothing in common. NaN where every scorer ties all items.
 * @param scores per scorer, one value per item.
 */
export function kendallW(scores: readonly ArrayLike<number>[]): number {
  const m = scores.length;
  const n = scores[0]?.length ?? 0;
  if (m < 2 || n < 2) throw new RangeError(`Concordance needs at least 2 scorers and 2 items, found ${m} and ${n}.`);
  const sums = new Float64Array(n);
  let ties = 0;
  for (const one of scores) {
    if (one.length !== n) throw new RangeError(`Concordance needs ${n} items from every scorer, found ${one.length}.`);
    const counts = new Map<number, number>();
    for (const [i, rank] of ranks(one).entries()) {
      sums[i] = (sums[i] as number) + rank;
      counts.set(rank, (counts.get(rank) ?? 0) + 1);
    }
    for (const t of counts.values()) ties += t ** 3 - t;
  }
  const mean = (m * (n + 1)) / 2;
  const spread = sums.reduce((total, sum) => total + (sum - mean) ** 2, 0);
  const largest = m * m * (n ** 3 - n) - m * ties;
  return largest > 0 ? (12 * spread) / largest : Number.NaN;
}
