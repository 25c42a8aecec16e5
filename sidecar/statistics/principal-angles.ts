import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { orthonormalBasis } from "./orthonormal-basis.ts";

/** Principal angles between two subspaces, with the vectors that take them. */
export interface PrincipalAngles {
  /** Cosines, descending, min(k_A, k_B) of them. */
  cosines: number[];
  /** Radians, ascending. */
  angles: number[];
  /** Unit vectors `[d]` of A's and B's subspace, pairwise at these angles. */
  vectorsA: Float64Array[];
  vectorsB: Float64Array[];
}

/**
 * Principal angles by the singular values of Q_A' Q_B (Bjoerck & Golub 1973).
 * @param a, b rows that span each subspace, `[k][d]`.
 */
export function principalAngles(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): PrincipalAngles {
  const [qa, qb] = [orthonormalBasis(a), orthonormalBasis(b)];
  if (qa.length === 0 || qb.length === 0)
    throw new RangeError("Principal angles need two subspaces of at least one dimension.");
  const inner = new Matrix(qa.map((p) => qb.map((q) => p.reduce((sum, x, j) => sum + x * (q[j] as number), 0))));
  const svd = new SingularValueDecomposition(inner, { autoTranspose: true });
  const count = Math.min(qa.length, qb.length);
  const cosines = svd.diagonal.slice(0, count).map((c) => Math.min(1, Math.max(0, c)));
  const mix = (basis: readonly Float64Array[], weights: Matrix, k: number): Float64Array =>
    (basis[0] as Float64Array).map((_, j) =>
      basis.reduce((sum, q, i) => sum + weights.get(i, k) * (q[j] as number), 0),
    );
  return {
    cosines,
    angles: cosines.map(Math.acos),
    vectorsA: cosines.map((_, k) => mix(qa, svd.leftSingularVectors, k)),
    vectorsB: cosines.map((_, k) => mix(qb, svd.rightSingularVectors, k)),
  };
}
