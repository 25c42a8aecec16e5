import { orthonormalBasis, without } from "./orthonormal-basis.ts";
import { principalAngles } from "./principal-angles.ts";
import { unit } from "./vectors.ts";

type Rows = readonly ArrayLike<number>[];

/**
 * The span of some directions without others: every row is orthogonalised against `minus`, then the rest is made orthonormal.
 * @param rows, minus vectors `[d]`.
 * @returns an orthonormal basis; empty where nothing of `rows` is left outside `minus`.
 */
export function spanMinus(rows: Rows, minus: Rows): Float64Array[] {
  const removed = orthonormalBasis(minus);
  // A row that lies within `minus` leaves rounding errors only: the tolerance is taken against its own length.
  const rest = rows.map((row) => unit(row)).map((row) => without(without(row, removed), removed));
  return orthonormalBasis(rest.filter((row) => Math.hypot(...row) > 1e-6));
}

/**
 * The part that two subspaces share: the mean of the principal vectors whose cosine is at least `cosine`, as an orthonormal basis.
 */
export function sharedPart(a: Rows, b: Rows, cosine: number): Float64Array[] {
  const { cosines, vectorsA, vectorsB } = principalAngles(a, b);
  const shared = cosines.flatMap((c, k) =>
    c >= cosine ? [(vectorsA[k] as Float64Array).map((x, j) => x + ((vectorsB[k] as Float64Array)[j] as number))] : [],
  );
  return orthonormalBasis(shared);
}

/** What subspace A has for itself: its principal vectors whose cosine with B is below `cosine`, and those that B has no partner for. */
export function privatePart(a: Rows, b: Rows, cosine: number): Float64Array[] {
  const { cosines, vectorsA } = principalAngles(a, b);
  const shared = vectorsA.filter((_, k) => (cosines[k] as number) >= cosine);
  return spanMinus(a, shared);
}
