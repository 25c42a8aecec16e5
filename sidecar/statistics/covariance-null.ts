import { type Activations, meanRow } from "./activations.ts";
import type { Random } from "./random.ts";

/** Gram matrix of rows centred at their mean, `[n, n]`. */
function centredGram(activations: Activations): Float64Array {
  const { data, d, base } = activations;
  const n = base.length;
  const mean = meanRow(activations);
  const centred = Float64Array.from(data, (x, i) => x - (mean[i % d] as number));
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += (centred[i * d + k] as number) * (centred[j * d + k] as number);
      gram[i * n + j] = sum;
      gram[j * n + i] = sum;
    }
  }
  return gram;
}

/**
 * Effective dimension d_eff = (tr S)^2 / tr S^2 of the activations' covariance: random directions with that covariance have cosines
 * with standard deviation 1/sqrt(d_eff). tr S^2 is corrected for sampling (Bai & Saranadasa 1996), without which d_eff is at most n - 1.
 * @param activations at least 4 prompts; works on the n x n Gram matrix.
 */
export function effectiveDimension(activations: Activations): number {
  const n = activations.base.length;
  if (n < 4) throw new RangeError(`An effective dimension needs at least 4 prompts, found ${n}.`);
  const gram = centredGram(activations);
  let trace = 0;
  let square = 0;
  for (let i = 0; i < n; i++) trace += (gram[i * n + i] as number) / (n - 1);
  for (const x of gram) square += (x / (n - 1)) ** 2;
  const corrected = ((n - 1) ** 2 / ((n - 2) * (n + 1))) * (square - trace ** 2 / (n - 1));
  const largest = Math.min(activations.d, trace ** 2 / Math.max(corrected, Number.MIN_VALUE));
  return Math.max(1, largest);
}

/** A random direction with the covariance of the activations, `[d]`: control rows that live where the data do. */
export function covarianceMatchedDirection(activations: Activations, random: Random): Float64Array {
  const { data, d, base } = activations;
  const mean = meanRow(activations);
  const direction = new Float64Array(d);
  for (let row = 0; row < base.length; row++) {
    const weight = random.normal() / Math.sqrt(Math.max(1, base.length - 1));
    for (let j = 0; j < d; j++) {
      direction[j] = (direction[j] as number) + weight * ((data[row * d + j] as number) - (mean[j] as number));
    }
  }
  return direction;
}
