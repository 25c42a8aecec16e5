import { Matrix } from "ml-matrix";
import { rowsByBase } from "./bases.ts";
import { BOOTSTRAP_REPLICATES } from "./bootstrap.ts";
import { quantile } from "./quantile.ts";
import type { Random } from "./random.ts";
import { solveSymmetric } from "./solve-symmetric.ts";

/** One effect of a factorial: a level's deviation from the grand mean, or a cell's from what its levels add up to. */
export interface FactorialEffect {
  factors: readonly string[];
  levels: readonly string[];
  estimate: number;
  low: number;
  high: number;
  /** Rows at these levels. */
  n: number;
  /** Every replicate gave the same value: the interval is a point and says nothing about certainty. */
  collapsed: boolean;
}

export interface FactorialResult {
  /** Mean of the cells. */
  mean: number;
  effects: FactorialEffect[];
  /** Bootstrap replicates in which some cell was empty and the model could not be solved. */
  undefinedReplicates: number;
}

interface Column {
  factors: readonly number[];
  /** Level index per factor; the last level of a factor has no column of its own. */
  levels: readonly number[];
}

/**
 * Main effects and two-way interactions of a factorial of prompt variants, effect (sum-to-zero) coded, by least squares, so that
 * unequal cells do not mix one factor into another; intervals by a percentile bootstrap over base prompts.
 * @param factors values per row by factor name; factors with one level are refused.
 * @param response per row.
 */
export function factorial(
  factors: Readonly<Record<string, readonly string[]>>,
  response: ArrayLike<number>,
  base: readonly string[],
  { random, replicates = BOOTSTRAP_REPLICATES, level = 0.95 }: { random: Random; replicates?: number; level?: number },
): FactorialResult {
  const names = Object.keys(factors);
  const levels = names.map((name) => [...new Set(factors[name])].sort());
  for (const [k, found] of levels.entries()) {
    if (found.length < 2)
      throw new RangeError(`The factor ${names[k]} needs at least two levels, found ${found.length}.`);
  }
  const at = names.map((name, k) =>
    (factors[name] as readonly string[]).map((value) => (levels[k] as string[]).indexOf(value)),
  );
  const columns = columnsOf(levels);
  const size = columns.length + 1;
  const groups = rowsByBase(base).map((rows) => normalEquations(rows, columns, levels, at, response));

  const whole = solve(sumOf(groups), size);
  if (whole === null)
    throw new RangeError(
      "The factorial has empty cells, so that its effects cannot be told apart: drop a factor or add prompts.",
    );
  const wanted = effectsOf(levels);
  const draws = wanted.map(() => [] as number[]);
  let undefinedReplicates = 0;
  for (let b = 0; b < replicates; b++) {
    const solution = solve(sumOf(groups.map(() => groups[random.below(groups.length)] as Float64Array)), size);
    if (solution === null) undefinedReplicates++;
    else
      for (const [k, effect] of wanted.entries())
        (draws[k] as number[]).push(effectOf(effect, columns, levels, solution));
  }
  return {
    mean: whole[0] as number,
    undefinedReplicates,
    effects: wanted.map((effect, k) => {
      const sorted = Float64Array.from(draws[k] as number[]).sort();
      return {
        factors: effect.factors.map((f) => names[f] as string),
        levels: effect.levels.map((l, i) => (levels[effect.factors[i] as number] as string[])[l] as string),
        estimate: effectOf(effect, columns, levels, whole),
        low: quantile(sorted, (1 - level) / 2),
        high: quantile(sorted, (1 + level) / 2),
        n: base.filter((_, row) => effect.factors.every((f, i) => at[f]?.[row] === effect.levels[i])).length,
        collapsed: sorted.length === 0 || sorted[0] === sorted[sorted.length - 1],
      };
    }),
  };
}

/** Every level of every factor, then every cell of every pair. */
function effectsOf(levels: readonly (readonly string[])[]): Column[] {
  const all = levels.map((found) => found.map((_, l) => l));
  return combinations(all);
}

function columnsOf(levels: readonly (readonly string[])[]): Column[] {
  return combinations(levels.map((found) => found.slice(0, -1).map((_, l) => l)));
}

function combinations(levels: readonly (readonly number[])[]): Column[] {
  const single = levels.flatMap((found, f) => found.map((l) => ({ factors: [f], levels: [l] })));
  const pairs = levels.flatMap((first, f) =>
    levels
      .slice(f + 1)
      .flatMap((second, g) => first.flatMap((l) => second.map((m) => ({ factors: [f, f + 1 + g], levels: [l, m] })))),
  );
  return [...single, ...pairs];
}

/** Effect code of a level against a column's level: 1 there, -1 at the last level, 0 elsewhere. */
function code(level: number, column: number, count: number): number {
  if (level === count - 1) return -1;
  return level === column ? 1 : 0;
}

/** An effect from the solution: its coefficient, or for last levels the negative sum that makes effects add up to zero. */
function effectOf(
  effect: Column,
  columns: readonly Column[],
  levels: readonly (readonly string[])[],
  solution: Float64Array,
): number {
  return columns.reduce((sum, column, k) => {
    if (column.factors.join() !== effect.factors.join()) return sum;
    const weight = column.factors.reduce(
      (product, f, i) =>
        product * code(effect.levels[i] as number, column.levels[i] as number, (levels[f] as string[]).length),
      1,
    );
    return sum + weight * (solution[k + 1] as number);
  }, 0);
}

/** X'X and X'y of some rows in one array: `size * size` numbers, then `size`. */
function normalEquations(
  rows: readonly number[],
  columns: readonly Column[],
  levels: readonly (readonly string[])[],
  at: readonly (readonly number[])[],
  response: ArrayLike<number>,
): Float64Array {
  const size = columns.length + 1;
  const sums = new Float64Array(size * size + size);
  for (const row of rows) {
    const x = [1];
    for (const column of columns) {
      x.push(
        column.factors.reduce(
          (product, f, i) =>
            product * code(at[f]?.[row] as number, column.levels[i] as number, (levels[f] as string[]).length),
          1,
        ),
      );
    }
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++)
        sums[j * size + k] = (sums[j * size + k] as number) + (x[j] as number) * (x[k] as number);
      sums[size * size + j] = (sums[size * size + j] as number) + (x[j] as number) * (response[row] as number);
    }
  }
  return sums;
}

function sumOf(parts: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(parts[0]?.length ?? 0);
  for (const part of parts)
    for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (part[i] as number);
  return total;
}

function solve(sums: Float64Array, size: number): Float64Array | null {
  const matrix = Matrix.zeros(size, size);
  for (let j = 0; j < size; j++) for (let k = 0; k < size; k++) matrix.set(j, k, sums[j * size + k] as number);
  if (!wellPosed(matrix)) return null;
  return Float64Array.from(solveSymmetric(matrix, Matrix.columnVector([...sums.subarray(size * size)])).getColumn(0));
}

/** Cholesky pivots relative to the diagonal: an empty cell leaves one at rounding error. */
function wellPosed(matrix: Matrix): boolean {
  const rest = matrix.clone();
  for (let k = 0; k < rest.rows; k++) {
    const pivot = rest.get(k, k);
    if (!(pivot > 1e-9 * matrix.get(k, k))) return false;
    for (let i = k + 1; i < rest.rows; i++) {
      const factor = rest.get(i, k) / pivot;
      if (factor === 0) continue;
      for (let j = k; j < rest.rows; j++) rest.set(i, j, rest.get(i, j) - factor * rest.get(k, j));
    }
  }
  return true;
}
