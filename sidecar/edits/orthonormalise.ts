import { dot, norm } from "../statistics/vectors.ts";

/** A row whose rest, after the rows before it are taken out, is this small against itself is taken as dependent: float32 keeps 7 digits. */
const DEPENDENT = 1e-6;

/**
 * An orthonormal basis of the rows' span, by Gram-Schmidt with every row taken out twice, in float64.
 * @param rows k vectors `[dModel]`.
 * @returns k unit rows, or the index of the first row that depends on those before it (a zero row does).
 */
export function orthonormalise(rows: readonly Float32Array[]): { basis: Float32Array[] } | { dependent: number } {
  const basis: Float64Array[] = [];
  for (const [index, row] of rows.entries()) {
    const rest = Float64Array.from(row);
    const before = norm(rest);
    for (let pass = 0; pass < 2; pass++) {
      for (const direction of basis) {
        const along = dot(rest, direction);
        for (let j = 0; j < rest.length; j++) rest[j] = (rest[j] as number) - along * (direction[j] as number);
      }
    }
    const left = norm(rest);
    if (!(left > DEPENDENT * before)) return { dependent: index };
    basis.push(rest.map((value) => value / left));
  }
  return { basis: basis.map((direction) => Float32Array.from(direction)) };
}
