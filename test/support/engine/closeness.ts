/**
 * The largest difference of two arrays, each `[rows, width]`, against the largest size in the expected row: every position is judged against its
 * own size, since the first one's activations are a thousand times the others' in real models.
 */
export function rowError(found: Float32Array, expected: Float32Array, width: number): number {
  if (found.length !== expected.length || expected.length % width !== 0) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let row = 0; row < expected.length; row += width) {
    const error = relativeError(found.subarray(row, row + width), expected.subarray(row, row + width));
    if (!(error <= most)) most = error;
  }
  return most;
}

/** The largest difference of two arrays against the largest size in the expected one. */
export function relativeError(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((found[i] as number) - (expected[i] as number));
    // NaN compares false with everything: it must not read as close.
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    scale = Math.max(scale, Math.abs(expected[i] as number));
  }
  return scale === 0 ? most : most / scale;
}
