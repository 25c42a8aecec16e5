import { CholeskyDecomposition, type Matrix } from "ml-matrix";

/** Solves a symmetric positive definite system; throws where it is singular. */
export function solveSymmetric(matrix: Matrix, right: Matrix): Matrix {
  const cholesky = new CholeskyDecomposition(matrix);
  if (!cholesky.isPositiveDefinite())
    throw new RangeError("A system of equations is singular: a column adds nothing to the others.");
  return cholesky.solve(right);
}
