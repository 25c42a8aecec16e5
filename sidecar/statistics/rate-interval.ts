import { effectiveN } from "./design-effect.ts";
import type { Interval } from "./figure.ts";
import { wilson } from "./wilson.ts";

/** A rate with Wilson's interval, n reduced by the design effect where bases repeat. `n` is the number of rows. */
export function rateInterval(
  outcomes: readonly boolean[],
  base: readonly string[],
  level = 0.95,
): Interval & { n: number } {
  const n = outcomes.length;
  const effective = effectiveN(outcomes.map(Number), base);
  const rate = outcomes.filter(Boolean).length / n;
  return { ...wilson(rate * effective, effective, level), n };
}
