/**
 * Holm's step-down adjustment (Holm 1979): p-values that control the family-wise error under any dependence.
 * @returns adjusted p-values in the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] as number) - (pValues[j] as number));
  const adjusted = new Array<number>(pValues.length);
  let running = 0;
  for (const [rank, i] of order.entries()) {
    running = Math.max(running, Math.min(1, (pValues.length - rank) * (pValues[i] as number)));
    adjusted[i] = running;
  }
  return adjusted;
}
