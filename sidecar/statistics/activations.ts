/** Activations of n prompts at one hook point and position, row-major `[n, d]`. */
export interface Activations {
  data: Float32Array | Float64Array;
  d: number;
  /** Base prompt of each row, length n: rows of one base are resampled together. */
  base: readonly string[];
}

/** Throws where the data are not `[base.length, d]` or hold a NaN or an infinity. */
export function checkActivations(name: string, { data, d, base }: Activations): void {
  if (data.length !== base.length * d) {
    throw new RangeError(
      `${name}: ${base.length} prompts of width ${d} need ${base.length * d} numbers, found ${data.length}.`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new RangeError(
        `${name}: prompt ${Math.floor(i / d)} has the activation ${data[i]} at dimension ${i % d}, expected a finite number.`,
      );
    }
  }
}

/** Mean over rows, in float64: `[d]`. */
export function meanRow({ data, d, base }: Activations): Float64Array {
  const mean = new Float64Array(d);
  const n = base.length;
  if (n === 0) throw new RangeError("A mean activation needs at least one prompt, found none.");
  for (let row = 0; row < n; row++) {
    const offset = row * d;
    for (let j = 0; j < d; j++) mean[j] = (mean[j] as number) + (data[offset + j] as number);
  }
  for (let j = 0; j < d; j++) mean[j] = (mean[j] as number) / n;
  return mean;
}

/** The samples that a difference in means is taken of. */
export interface DirectionSamples {
  /** E.g. harmful prompts that are refused, `[nPositive, d]`. */
  positive: Activations;
  /** E.g. harmless prompts that are not, `[nNegative, d]`. Share a base id with another sample only where prompts are shared or matched. */
  negative: Activations;
}

/** Difference in means (Arditi et al. 2024): mean of `positive` minus mean of `negative`, `[d]`, raw norm. */
export function differenceInMeans({ positive, negative }: DirectionSamples): Float64Array {
  if (positive.d !== negative.d) {
    throw new RangeError(`A difference in means needs one width, found ${positive.d} and ${negative.d}.`);
  }
  const difference = meanRow(positive);
  const subtrahend = meanRow(negative);
  for (let j = 0; j < difference.length; j++) difference[j] = (difference[j] as number) - (subtrahend[j] as number);
  return difference;
}
