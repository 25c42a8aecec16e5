/** Excess kurtosis m4 / m2^2 - 3 (biased, Fisher's definition, as SciPy's default); NaN where all values are alike. */
export function excessKurtosis(values: ArrayLike<number>): number {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (values[i] as number) / n;
  let second = 0;
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    const square = ((values[i] as number) - mean) ** 2;
    second += square / n;
    fourth += (square * square) / n;
  }
  return second > 0 ? fourth / (second * second) - 3 : Number.NaN;
}

/** Shannon entropy in nats of probabilities that sum to 1. */
export function entropy(probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i] as number;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}
