import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type Activations, meanRow } from "./activations.ts";

/** Rows in an orthonormal basis of their own span: the same distances and inner products with at most n columns instead of d. */
export interface PrincipalCoordinates {
  /** `[n, rank]`, columns by descending variance. */
  coordinates: Matrix;
  /** Mean row `[d]` that was subtracted. */
  mean: Float64Array;
  /** Centred rows `[n, d]`. */
  centred: Matrix;
  /** Singular values of the centred rows, descending, length rank. */
  singularValues: number[];
  /** Left singular vectors `[n, rank]`. */
  left: Matrix;
}

/**
 * Principal coordinates of activations by the eigenvectors of the smaller of X X' and X' X: with n << d the work is n^2 d + n^3.
 * @param tolerance directions whose variance is below this share of the largest are rounding errors and dropped.
 */
export function principalCoordinates(activations: Activations, tolerance = 1e-10): PrincipalCoordinates {
  const { data, d, base } = activations;
  const n = base.length;
  const mean = meanRow(activations);
  const rows = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: d }, (_, j) => (data[i * d + j] as number) - (mean[j] as number)),
  );
  const centred = new Matrix(rows.map((row) => [...row]));
  const tall = n > d;
  const decomposition = new EigenvalueDecomposition(gramOf(rows, tall), { assumeSymmetric: true });
  const values = decomposition.realEigenvalues;
  const vectors = decomposition.eigenvectorMatrix;
  const largest = Math.max(0, ...values);
  const kept = values
    .map((value, k) => ({ value, k }))
    .filter(({ value }) => value > tolerance * largest)
    .sort((p, q) => q.value - p.value);
  const singularValues = kept.map(({ value }) => Math.sqrt(value));
  const basis = vectors.subMatrixColumn(kept.map(({ k }) => k));
  const coordinates = tall ? centred.mmul(basis) : basis.clone().mulRowVector(singularValues);
  const left = tall ? coordinates.clone().divRowVector(singularValues) : basis;
  return { coordinates, mean, centred, singularValues, left };
}

function gramOf(rows: readonly Float64Array[], tall: boolean): Matrix {
  const n = rows.length;
  const d = rows[0]?.length ?? 0;
  const size = tall ? d : n;
  const gram = Matrix.zeros(size, size);
  if (tall) {
    for (const row of rows) {
      for (let i = 0; i < d; i++) {
        for (let j = 0; j <= i; j++) gram.set(i, j, gram.get(i, j) + (row[i] as number) * (row[j] as number));
      }
    }
  } else {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const [p, q] = [rows[i] as Float64Array, rows[j] as Float64Array];
        let sum = 0;
        for (let k = 0; k < d; k++) sum += (p[k] as number) * (q[k] as number);
        gram.set(i, j, sum);
      }
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) gram.set(j, i, gram.get(i, j));
  return gram;
}
