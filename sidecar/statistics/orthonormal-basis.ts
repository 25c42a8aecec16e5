import { dot, norm } from "./vectors.ts";

/**
 * Orthonormal basis of the span of rows, by modified Gram-Schmidt with reorthogonalisation (Giraud & Langou 2005: twice is enough).
 * @param rows vectors `[d]`, any norms.
 * @param tolerance rows whose part outside the earlier ones is below this share of their length add nothing.
 * @returns at most `rows.length` unit vectors, orthogonal to machine precision.
 */
export function orthonormalBasis(rows: readonly ArrayLike<number>[], tolerance = 1e-6): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const row of rows) {
    const rest = without(without(Float64Array.from(row), basis), basis);
    const length = norm(rest);
    if (!(length > tolerance * norm(row))) continue;
    basis.push(rest.map((x) => x / length));
  }
  return basis;
}

/** x - Q'Q x for an orthonormal basis Q: what is left of x outside the subspace. */
export function without(x: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const rest = Float64Array.from(x);
  for (const q of basis) {
    const along = dot(rest, q);
    for (let j = 0; j < rest.length; j++) rest[j] = (rest[j] as number) - along * (q[j] as number);
  }
  return rest;
}
