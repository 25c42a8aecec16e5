import { rowsByBase } from "./bases.ts";

/**
 * How many independent outcomes n clustered ones are worth: n / deff, deff = 1 + (sum m^2 / n - 1) * ICC (Kish 1965),
 * with the intra-class correlation from the one-way analysis of variance, within 0 and 1 (Rao & Scott 1992 reduce n alike).
 * Where all outcomes are alike the correlation cannot be estimated and is taken as 1: variants of a base then count as one.
 * @param values one number per row.
 * @param base base id per row.
 */
export function effectiveN(values: ArrayLike<number>, base: readonly string[]): number {
  const n = values.length;
  const groups = rowsByBase(base);
  if (groups.length === n) return n;
  let squares = 0;
  for (const group of groups) squares += group.length ** 2;
  const clusterSize = squares / n;
  return n / (1 + (clusterSize - 1) * intraclassCorrelation(values, groups, clusterSize));
}

function intraclassCorrelation(values: ArrayLike<number>, groups: number[][], clusterSize: number): number {
  const n = values.length;
  const k = groups.length;
  if (k < 2) return 1;
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i] as number;
  const mean = total / n;
  let between = 0;
  let within = 0;
  for (const group of groups) {
    let sum = 0;
    for (const row of group) sum += values[row] as number;
    const groupMean = sum / group.length;
    between += group.length * (groupMean - mean) ** 2;
    for (const row of group) within += ((values[row] as number) - groupMean) ** 2;
  }
  if (between + within < 1e-12 * n) return 1;
  const meanBetween = between / (k - 1);
  const meanWithin = within / (n - k);
  const size = (n - clusterSize) / (k - 1);
  const correlation = (meanBetween - meanWithin) / (meanBetween + (size - 1) * meanWithin);
  return Math.min(1, Math.max(0, correlation));
}
