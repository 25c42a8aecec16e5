import { effectiveN } from "./design-effect.ts";
import type { Interval } from "./figure.ts";
import { normalCdf, normalQuantile } from "./normal-distribution.ts";
import { wilsonLimits } from "./wilson.ts";

/** What an interval of a contrast of paired rates follows from. */
export interface ContrastTable {
  coefficients: readonly number[];
  rates: readonly number[];
  /** Share of rows where both of columns k and l are true, `[k * columns + l]`. */
  both: Float64Array;
  n: number;
  /** n reduced by the design effect of the contrast over base prompts. */
  effective: number;
}

/**
 * Tabulates a linear contrast sum_k c_k p_k of rates that were measured on the same prompts.
 * @param columns outcomes per condition, each of length n, row i the same prompt in all.
 * @param coefficients c_k.
 * @param base base id per row.
 */
export function contrastTable(
  columns: readonly (readonly boolean[])[],
  coefficients: readonly number[],
  base: readonly string[],
): ContrastTable {
  const n = base.length;
  const size = columns.length;
  if (n === 0) throw new RangeError("A contrast of rates needs at least one prompt, found none.");
  if (coefficients.length !== size) {
    throw new RangeError(`A contrast needs a coefficient per column, found ${coefficients.length} for ${size}.`);
  }
  for (const column of columns) {
    if (column.length !== n)
      throw new RangeError(`Paired outcomes need ${n} rows in every column, found ${column.length}.`);
  }
  const both = new Float64Array(size * size);
  const values = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < size; k++) {
      if (!columns[k]?.[row]) continue;
      values[row] = (values[row] as number) + (coefficients[k] as number);
      for (let l = 0; l < size; l++) if (columns[l]?.[row]) both[k * size + l] = (both[k * size + l] as number) + 1 / n;
    }
  }
  const rates = columns.map((_, k) => both[k * size + k] as number);
  return { coefficients, rates, both, n, effective: effectiveN(values, base) };
}

/** Correlation of two paired outcomes with the continuity correction of Newcombe's method 10 (on `n` outcomes; 0 where undefined). */
function phi(p: number, q: number, both: number, n: number): number {
  const spread = p * (1 - p) * q * (1 - q);
  if (spread <= 1e-15) return 0;
  const covariance = both - p * q;
  const corrected = covariance > 0 ? Math.max(0, covariance - 1 / (2 * n)) : covariance;
  return corrected / Math.sqrt(spread);
}

/**
 * Limits of a contrast of paired rates at a given z. Wilson's limits of each rate are combined by the method of variance
 * estimates recovery (Zou & Donner 2008), with the correlations of Newcombe 1998 (Statistics in Medicine 17, 2635-2650), method 10;
 * of coefficients (1, -1) it is that method. Needed because a share of an own effect ("below 20%") is a contrast of three rates.
 * @param growth the limits as they would be with `growth` times as many prompts and the same rates.
 */
export function contrastLimits(table: ContrastTable, z: number, growth = 1): Interval {
  const { coefficients, rates, both } = table;
  const size = rates.length;
  const n = table.effective * growth;
  const down = new Float64Array(size);
  const up = new Float64Array(size);
  let estimate = 0;
  for (let k = 0; k < size; k++) {
    const c = coefficients[k] as number;
    const rate = rates[k] as number;
    const { low, high } = wilsonLimits(rate, n, z);
    estimate += c * rate;
    down[k] = c >= 0 ? c * (rate - low) : c * (high - rate);
    up[k] = c >= 0 ? c * (high - rate) : c * (rate - low);
  }
  let downSquare = 0;
  let upSquare = 0;
  for (let k = 0; k < size; k++) {
    for (let l = 0; l < size; l++) {
      const r = k === l ? 1 : phi(rates[k] as number, rates[l] as number, both[k * size + l] as number, n);
      downSquare += r * (down[k] as number) * (down[l] as number);
      upSquare += r * (up[k] as number) * (up[l] as number);
    }
  }
  return {
    estimate,
    low: estimate - Math.sqrt(Math.max(0, downSquare)),
    high: estimate + Math.sqrt(Math.max(0, upSquare)),
  };
}

/** Interval of a contrast of paired rates; see `contrastLimits`. `n` is the number of prompts, the interval uses the effective one. */
export function pairedContrast(
  columns: readonly (readonly boolean[])[],
  coefficients: readonly number[],
  base: readonly string[],
  level = 0.95,
): Interval & { n: number } {
  const table = contrastTable(columns, coefficients, base);
  return { ...contrastLimits(table, normalQuantile(0.5 + level / 2)), n: table.n };
}

/** Paired difference of two rates, `before` minus `after`, by Newcombe's hybrid score interval (method 10). */
export function newcombePaired(
  before: readonly boolean[],
  after: readonly boolean[],
  base: readonly string[],
  level = 0.95,
): Interval & { n: number } {
  return pairedContrast([before, after], [1, -1], base, level);
}

/** One-sided p-value of "the contrast is above 0": the smallest error at which its lower limit clears 0. */
export function contrastPAbove(table: ContrastTable): number {
  if (contrastLimits(table, 0).estimate <= 0) return 1;
  let low = 0;
  let high = 40;
  for (let i = 0; i < 60; i++) {
    const z = (low + high) / 2;
    if (contrastLimits(table, z).low > 0) low = z;
    else high = z;
  }
  return normalCdf(-low);
}
