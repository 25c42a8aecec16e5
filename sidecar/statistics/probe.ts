import { Matrix } from "ml-matrix";
import type { Activations } from "./activations.ts";
import { auc } from "./auc.ts";
import type { Interval } from "./figure.ts";
import { groupedFolds } from "./grouped-folds.ts";
import { logisticRegression, logOdds } from "./logistic-regression.ts";
import { principalCoordinates } from "./principal-coordinates.ts";
import type { Random } from "./random.ts";
import { rateInterval } from "./rate-interval.ts";

export interface ProbeResult {
  /** Held-out accuracy, Wilson's interval with n reduced where groups repeat. */
  accuracy: Interval & { n: number };
  /** Mean over folds of the held-out AUC; folds with one class are left out. NaN where all are. */
  auc: number;
  /** Held-out log-odds per row. */
  logOdds: Float64Array;
  /** The probe's direction from all rows, `[d]`, raw. */
  direction: Float64Array;
}

/**
 * A linear probe: L2 logistic regression, scored by k-fold cross-validation that keeps each group (source, base prompt) in one fold.
 * Activations are centred and divided by their root mean square, so that C means the same at every layer. They are taken to their
 * principal coordinates first, in which the penalised solution is the same.
 * @param positive label per row.
 * @param group group per row; default the base prompts.
 */
export function probe(
  activations: Activations,
  positive: readonly boolean[],
  {
    random,
    group = activations.base,
    folds = 5,
    c = 1,
  }: { random: Random; group?: readonly string[]; folds?: number; c?: number },
): ProbeResult {
  const n = activations.base.length;
  const { coordinates, centred } = principalCoordinates(activations);
  const size = Math.sqrt(coordinates.clone().pow(2).sum() / (n * activations.d));
  if (!(size > 0)) throw new RangeError("A probe needs activations that differ, found all alike.");
  const scaled = coordinates.div(size);
  const fold = groupedFolds(group, positive, folds, random);
  const scores = new Float64Array(n);
  const areas: number[] = [];
  for (let f = 0; f < folds; f++) {
    const inside = fold.flatMap((at, row) => (at === f ? [] : [row]));
    const outside = fold.flatMap((at, row) => (at === f ? [row] : []));
    const model = logisticRegression(
      scaled.subMatrixRow(inside),
      inside.map((row) => positive[row] as boolean),
      c,
    );
    for (const row of outside) scores[row] = logOdds(model, scaled.getRow(row));
    const area = auc(
      outside.map((row) => scores[row] as number),
      outside.map((row) => positive[row] as boolean),
    );
    if (!Number.isNaN(area)) areas.push(area);
  }
  return {
    accuracy: rateInterval(
      positive.map((yes, row) => yes === (scores[row] as number) > 0),
      group,
    ),
    auc: areas.reduce((sum, x) => sum + x, 0) / areas.length,
    logOdds: scores,
    direction: directionOf(centred, scaled, logisticRegression(scaled, positive, c).weights),
  };
}

/** Coordinates are a rotation of the centred rows: the weights rotated back are X' Z (Z'Z)^-1 w, Z'Z being diagonal. */
function directionOf(centred: Matrix, scaled: Matrix, weights: Float64Array): Float64Array {
  const squares = Array.from({ length: scaled.columns }, (_, k) =>
    scaled.getColumn(k).reduce((sum, x) => sum + x * x, 0),
  );
  const mix = scaled.mmul(Matrix.columnVector([...weights].map((w, k) => w / (squares[k] as number))));
  const direction = new Float64Array(centred.columns);
  for (let i = 0; i < centred.rows; i++) {
    const weight = mix.get(i, 0);
    for (let j = 0; j < direction.length; j++) direction[j] = (direction[j] as number) + weight * centred.get(i, j);
  }
  return direction;
}
