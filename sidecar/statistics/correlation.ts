import { ranks } from "./ranks.ts";

type Values = ArrayLike<number>;

/** Pearson's correlation; NaN where either is constant. */
export function pearson(x: Values, y: Values): number {
  const n = x.length;
  if (y.length !== n) throw new RangeError(`A correlation needs paired values, found ${n} and ${y.length}.`);
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < n; i++) {
    meanX += (x[i] as number) / n;
    meanY += (y[i] as number) / n;
  }
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    const dx = (x[i] as number) - meanX;
    const dy = (y[i] as number) - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN;
}

/** Spearman's rank correlation, ties by mean ranks; NaN where either is constant. */
export function spearman(x: Values, y: Values): number {
  return pearson(ranks(x), ranks(y));
}

/** Values minus the mean of their group: within-prompt correlation is that of values centred per prompt. */
export function centredWithin(values: Values, group: readonly string[]): Float64Array {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const [i, id] of group.entries()) {
    const held = sums.get(id) ?? { sum: 0, n: 0 };
    sums.set(id, { sum: held.sum + (values[i] as number), n: held.n + 1 });
  }
  return Float64Array.from(values, (x, i) => {
    const { sum, n } = sums.get(group[i] as string) as { sum: number; n: number };
    return x - sum / n;
  });
}

/**
 * Partial correlation of x and y given controls: Pearson's correlation of the residuals of both on the controls and a constant.
 * With ranks (`ranks`) given for all of them it is Spearman's partial correlation.
 * @param controls columns of the length of x; columns that add nothing to the others are dropped.
 */
export function partialCorrelation(x: Values, y: Values, controls: readonly Values[]): number {
  return pearson(residuals(x, controls), residuals(y, controls));
}

function residuals(values: Values, controls: readonly Values[]): Float64Array {
  let rest = centred(values);
  const basis: Float64Array[] = [];
  for (const control of controls) {
    let column = centred(control);
    const size = Math.sqrt(column.reduce((sum, c) => sum + c * c, 0));
    for (const q of [...basis, ...basis]) column = minusAlong(column, q);
    const length = Math.sqrt(column.reduce((sum, c) => sum + c * c, 0));
    if (!(length > 1e-10 * size)) continue;
    const q = column.map((c) => c / length);
    basis.push(q);
    rest = minusAlong(rest, q);
  }
  const scale = Math.sqrt(centred(values).reduce((sum, c) => sum + c * c, 0));
  const left = Math.sqrt(rest.reduce((sum, c) => sum + c * c, 0));
  // What the controls explain whole leaves rounding errors, whose correlation would be made up.
  return left > 1e-10 * scale ? rest : new Float64Array(values.length);
}

function centred(values: Values): Float64Array {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += (values[i] as number) / values.length;
  return Float64Array.from(values, (x) => x - mean);
}

function minusAlong(x: Float64Array, q: Float64Array): Float64Array {
  let along = 0;
  for (let i = 0; i < x.length; i++) along += (x[i] as number) * (q[i] as number);
  return x.map((value, i) => value - along * (q[i] as number));
}
