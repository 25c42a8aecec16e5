import { normalQuantile } from "../normal-distribution.ts";
import { type ContrastTable, contrastLimits, contrastTable } from "../paired-contrast.ts";

/** One one-sided test: a contrast of paired rates of one category lies above, or below, zero. */
export interface Criterion {
  /** Index of the category whose prompts it is tested on. */
  category: 0 | 1;
  table: ContrastTable;
  side: "above" | "below";
  error: number;
}

/** More prompts than this many times those at hand are never asked for: an estimate that close to a bound decides nothing. */
const LARGEST_GROWTH = 1024;

/** Builds a criterion from named columns and their coefficients; a column may occur more than once. */
export function criterion(
  category: 0 | 1,
  terms: readonly (readonly [column: readonly boolean[], coefficient: number])[],
  base: readonly string[],
  side: Criterion["side"],
  error: number,
): Criterion {
  const summed = new Map<readonly boolean[], number>();
  for (const [column, coefficient] of terms) summed.set(column, (summed.get(column) ?? 0) + coefficient);
  return { category, table: contrastTable([...summed.keys()], [...summed.values()], base), side, error };
}

/** Whether the criterion holds, or would hold with `growth` times the prompts and the same rates. */
export function holds({ table, side, error }: Criterion, growth = 1): boolean {
  const { low, high } = contrastLimits(table, normalQuantile(1 - error), growth);
  return side === "above" ? low > 0 : high < 0;
}

export function allHold(criteria: readonly Criterion[]): boolean {
  return criteria.every((one) => holds(one));
}

/** How many times the prompts at hand the criterion needs, with the same rates; Infinity where its estimate is on the wrong side. */
export function neededGrowth(one: Criterion): number {
  if (holds(one)) return 1;
  let high = 2;
  while (!holds(one, high)) {
    high *= 2;
    if (high > LARGEST_GROWTH) return Infinity;
  }
  let low = high / 2;
  while (high - low > 0.01 * low) {
    const middle = (low + high) / 2;
    if (holds(one, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Largest growth that any of the criteria needs, by category. */
export function neededByCategory(criteria: readonly Criterion[]): [number, number] {
  const needed: [number, number] = [1, 1];
  for (const one of criteria) needed[one.category] = Math.max(needed[one.category], neededGrowth(one));
  return needed;
}
