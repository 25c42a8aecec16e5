import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { dot, unit } from "./vectors.ts";

/**
 * Participation ratio (sum lambda)^2 / sum lambda^2 of the Gram matrix of unit directions: 1 where all are one line, k where k are orthogonal.
 * @param directions vectors `[d]`, any norms.
 */
export function participationRatio(directions: readonly ArrayLike<number>[]): number {
  if (directions.length === 0) throw new RangeError("An effective rank needs at least one direction, found none.");
  const units = directions.map(unit);
  const gram = new Matrix(units.map((p) => units.map((q) => dot(p, q))));
  const values = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues.map((x) =>
    Math.max(0, x),
  );
  const sum = values.reduce((total, x) => total + x, 0);
  return sum ** 2 / values.reduce((total, x) => total + x * x, 0);
}

/** Share of sigma_k^2 of a matrix, descending: how much of the matrix of effects a second cause explains. */
export function singularShares(rows: readonly (readonly number[])[]): number[] {
  const matrix = new Matrix(rows.map((row) => [...row]));
  const gram = matrix.rows <= matrix.columns ? matrix.mmul(matrix.transpose()) : matrix.transpose().mmul(matrix);
  const values = new EigenvalueDecomposition(gram, { assumeSymmetric: true }).realEigenvalues
    .map((x) => Math.max(0, x))
    .sort((p, q) => q - p);
  const sum = values.reduce((total, x) => total + x, 0);
  return values.map((x) => (sum === 0 ? 0 : x / sum));
}
