import { Matrix } from "ml-matrix";
import { solveSymmetric } from "./solve-symmetric.ts";

export interface LogisticModel {
  /** `[features]`. */
  weights: Float64Array;
  intercept: number;
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/**
 * L2-penalised logistic regression, minimising |w|^2 / 2 + C sum log(1 + exp(-y (w.x + b))), the intercept free (scikit-learn's
 * LogisticRegression), by Newton's method with step halving until the gradient vanishes.
 * @param x rows `[n, features]`; keep features below a few hundred (`principalCoordinates` loses nothing).
 * @param positive label per row; both classes must occur.
 */
export function logisticRegression(x: Matrix, positive: readonly boolean[], c = 1): LogisticModel {
  const n = x.rows;
  const size = x.columns + 1;
  if (!positive.includes(true) || !positive.includes(false))
    throw new RangeError("A logistic regression needs both classes, found one.");
  const rows = x.to2DArray().map((row) => Float64Array.from([...row, 1]));
  let beta = new Float64Array(size);
  const margin = (b: Float64Array, row: Float64Array): number =>
    row.reduce((sum, value, j) => sum + value * (b[j] as number), 0);
  const loss = (b: Float64Array): number => {
    let sum = 0;
    for (let j = 0; j < size - 1; j++) sum += (b[j] as number) ** 2 / 2;
    for (let i = 0; i < n; i++) {
      const m = margin(b, rows[i] as Float64Array) * (positive[i] ? 1 : -1);
      sum += c * (m > 0 ? Math.log1p(Math.exp(-m)) : -m + Math.log1p(Math.exp(m)));
    }
    return sum;
  };
  let current = loss(beta);
  for (let iteration = 0; iteration < 100; iteration++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    for (let i = 0; i < n; i++) {
      const row = rows[i] as Float64Array;
      const p = sigmoid(margin(beta, row));
      const residual = c * (p - (positive[i] ? 1 : 0));
      const weight = c * p * (1 - p);
      for (let j = 0; j < size; j++) {
        const xj = row[j] as number;
        gradient[j] = (gradient[j] as number) + residual * xj;
        const scaled = weight * xj;
        for (let k = 0; k <= j; k++) {
          hessian[j * size + k] = (hessian[j * size + k] as number) + scaled * (row[k] as number);
        }
      }
    }
    for (let j = 0; j < size - 1; j++) {
      gradient[j] = (gradient[j] as number) + (beta[j] as number);
      hessian[j * size + j] = (hessian[j * size + j] as number) + 1;
    }
    // The intercept carries no penalty: a whisper keeps the system solvable where every row is certain.
    hessian[size * size - 1] = (hessian[size * size - 1] as number) + 1e-12;
    if (Math.max(...gradient.map(Math.abs)) < 1e-9 * Math.max(1, c * n)) break;
    const system = Matrix.zeros(size, size);
    for (let j = 0; j < size; j++) {
      for (let k = 0; k <= j; k++) {
        system.set(j, k, hessian[j * size + k] as number);
        system.set(k, j, hessian[j * size + k] as number);
      }
    }
    const step = solveSymmetric(system, Matrix.columnVector([...gradient])).getColumn(0);
    let share = 1;
    let next = beta;
    let nextLoss = current;
    do {
      next = beta.map((b, j) => b - share * (step[j] as number));
      nextLoss = loss(next);
      share /= 2;
    } while (nextLoss > current && share > 1e-10);
    if (!(nextLoss < current)) break;
    beta = next;
    current = nextLoss;
  }
  return { weights: beta.slice(0, size - 1), intercept: beta[size - 1] as number };
}

/** Log-odds of a row under a model. */
export function logOdds(model: LogisticModel, row: ArrayLike<number>): number {
  return model.weights.reduce((sum, w, j) => sum + w * (row[j] as number), model.intercept);
}
