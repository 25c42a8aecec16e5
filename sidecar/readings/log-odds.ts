/** Keeps the log-odds finite at probabilities 0 and 1, as in Arditi et al.'s code. */
const EPSILON = 1e-8;

export function logOdds(probability: number): number {
  const p = Math.min(1, Math.max(0, probability));
  return Math.log(p + EPSILON) - Math.log(1 - p + EPSILON);
}
