import { Matrix, pseudoInverse } from "ml-matrix";
import type { Activations } from "./activations.ts";
import { principalCoordinates } from "./principal-coordinates.ts";

/** A fitted eraser: x' = x - sum_k remove[k] * (read[k] . (x - mean)). */
export interface Eraser {
  /** `[d]`. */
  mean: Float64Array;
  /** `[classes][d]`: the directions taken away. */
  remove: Float64Array[];
  /** `[classes][d]`: how much of each is read off. */
  read: Float64Array[];
}

/**
 * LEACE (Belrose et al. 2023): the least change of the activations after which no linear classifier can tell the labels better than
 * a constant. x' = x - W^+ P W (x - mean) with the whitening W = S_xx^(-1/2) and P the projection on the columns of W S_xz, written
 * here as S_xz (S_xz' S_xx^+ S_xz)^+ S_xz' S_xx^+, which needs only the n x n Gram matrix where n << d.
 * No shrinkage of the covariance (the authors' package: `shrinkage=False`).
 * @param labels one per row; two or more classes.
 */
export function fitLeace(activations: Activations, labels: readonly (string | number | boolean)[]): Eraser {
  const n = activations.base.length;
  const d = activations.d;
  const classes = [...new Set(labels)];
  if (labels.length !== n) throw new RangeError(`LEACE needs a label per prompt, found ${labels.length} for ${n}.`);
  if (classes.length < 2) throw new RangeError("LEACE needs at least two classes, found one.");
  // One-hot labels, centred; the last class follows from the others.
  const targets = classes.slice(0, -1).map((name) => {
    const share = labels.filter((label) => label === name).length / n;
    return labels.map((label) => (label === name ? 1 : 0) - share);
  });
  const { centred, left, singularValues, mean } = principalCoordinates(activations);
  const z = new Matrix(targets).transpose();
  const inSpan = left.transpose().mmul(z);
  const crossCovariance = transposedTimes(centred, z, d).map((row) => row.map((x) => x / n));
  // S_xx^+ S_xz is the least-squares solution X^+ Z = X' U s^-2 U' Z.
  const weights = left.mmul(inSpan.clone().divColumnVector(singularValues.map((s) => s * s)));
  const read = transposedTimes(centred, weights, d);
  const explained = pseudoInverse(inSpan.transpose().mmul(inSpan).div(n));
  const remove = targets.map((_, k) =>
    Float64Array.from({ length: d }, (_, j) =>
      crossCovariance.reduce((sum, row, l) => sum + (row[j] as number) * explained.get(l, k), 0),
    ),
  );
  return { mean, remove, read };
}

/** Columns of X' Y as vectors of length d. */
function transposedTimes(x: Matrix, y: Matrix, d: number): Float64Array[] {
  return Array.from({ length: y.columns }, (_, k) => {
    const column = new Float64Array(d);
    for (let i = 0; i < x.rows; i++) {
      const weight = y.get(i, k);
      for (let j = 0; j < d; j++) column[j] = (column[j] as number) + weight * x.get(i, j);
    }
    return column;
  });
}

/** Applies an eraser to every row; returns new activations in float64. */
export function erase(eraser: Eraser, activations: Activations): Activations {
  const { d, base } = activations;
  const data = Float64Array.from(activations.data);
  for (let i = 0; i < base.length; i++) {
    const row = data.subarray(i * d, (i + 1) * d);
    const amounts = eraser.read.map((direction) =>
      direction.reduce((sum, r, j) => sum + r * ((row[j] as number) - (eraser.mean[j] as number)), 0),
    );
    for (const [k, amount] of amounts.entries()) {
      const direction = eraser.remove[k] as Float64Array;
      for (let j = 0; j < d; j++) row[j] = (row[j] as number) - amount * (direction[j] as number);
    }
  }
  return { data, d, base };
}
