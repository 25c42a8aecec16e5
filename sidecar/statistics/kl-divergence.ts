/**
 * KL(p || q) in nats from log-probabilities. Of nearly equal distributions rounding can make it slightly negative: it is given as it is.
 * @param logP, logQ of one length; an event with p = 0 adds nothing, one with q = 0 < p makes it infinite.
 */
export function klDivergence(logP: ArrayLike<number>, logQ: ArrayLike<number>): number {
  if (logP.length !== logQ.length) {
    throw new RangeError(
      `A divergence needs two distributions over one vocabulary, found ${logP.length} and ${logQ.length} tokens.`,
    );
  }
  let sum = 0;
  for (let i = 0; i < logP.length; i++) {
    const p = logP[i] as number;
    if (p > -Infinity) sum += Math.exp(p) * (p - (logQ[i] as number));
  }
  return sum;
}
