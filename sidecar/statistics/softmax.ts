/** ln sum exp, shifted by the largest so that nothing overflows. */
export function logSumExp(logits: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i] as number);
  if (largest === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - largest);
  return largest + Math.log(sum);
}

/** Log-probabilities, float64, of the length of `logits`. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const total = logSumExp(logits);
  return Float64Array.from(logits, (x) => x - total);
}

/** Probabilities, float64, of the length of `logits`. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  return logSoftmax(logits).map(Math.exp);
}
