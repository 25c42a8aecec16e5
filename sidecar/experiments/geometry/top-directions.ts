import { Matrix, SingularValueDecomposition } from "ml-matrix";

/** The k largest right singular vectors of rows `[n, d]` (not centred): the axes that the rows take up most. */
export function topDirections(rows: readonly Float64Array[], k: number): Float64Array[] {
  const matrix = new Matrix(rows.map((row) => [...row]));
  const { rightSingularVectors } = new SingularValueDecomposition(matrix, {
    autoTranspose: true,
    computeLeftSingularVectors: false,
  });
  const count = Math.min(k, rows.length, rightSingularVectors.columns);
  return Array.from({ length: count }, (_, i) => Float64Array.from(rightSingularVectors.getColumn(i)));
}
