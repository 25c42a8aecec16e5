/** Rounds a count up to what one would say: "about 60", not "57". */
export function roundedUp(count: number): number {
  if (count <= 10) return Math.ceil(count);
  const step = 10 ** Math.floor(Math.log10(count)) / (count < 30 ? 2 : 1) / (count >= 100 ? 2 : 1);
  return Math.ceil(count / Math.max(1, step)) * Math.max(1, step);
}

/**
 * "needs about 60 more prompts of fraud": n grown by the factor that the intervals ask for, by set.
 * @param sets name, prompts at hand, growth needed (1: none).
 * @param kind what is counted, in the singular.
 */
export function promptsNeeded(sets: readonly { name: string; n: number; growth: number }[], kind: string): string {
  const parts = sets
    .filter(({ growth }) => growth > 1)
    .map(({ name, n, growth }) => {
      const more = roundedUp(n * (growth - 1));
      return `about ${more} more ${kind}${more === 1 ? "" : "s"} of ${name}`;
    });
  return `needs ${parts.join(" and ")}`;
}
