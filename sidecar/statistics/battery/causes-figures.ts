import { bootstrap } from "../bootstrap.ts";
import type { Figure } from "../figure.ts";
import type { Random } from "../random.ts";
import { rateInterval } from "../rate-interval.ts";
import { effectFigure } from "./effect-figure.ts";
import type { CategoryOutcomes, ConditionOutcomes } from "./outcomes.ts";

/** Scores beyond this are saturated: a log-odds of 12 is a probability of 6e-6 from certainty. */
const LARGEST_SCORE = 12;

/**
 * The figures of one category's column: refusal rate, own effect and cross-effect, common and private parts, control rows, and,
 * where scores are given, the mean drop of the winsorised score under both directions (bootstrap over base prompts).
 */
export function causesFigures(
  of: readonly [string, string],
  outcomes: CategoryOutcomes,
  index: 0 | 1,
  random: Random,
): Figure[] {
  const { base, baseline } = outcomes;
  const category = of[index];
  const effect = (direction: string, ablated: ConditionOutcomes): Figure =>
    effectFigure([direction, category], base, baseline, ablated);
  const figures: Figure[] = [
    { name: "refusal rate", of: [category], ...rateInterval(baseline.refused, base), unit: "rate" },
    effect(category, outcomes.own),
    effect(of[1 - index] as string, outcomes.other),
  ];
  for (const [name, part] of [
    ["common", outcomes.common],
    ["private", outcomes.private],
  ] as const) {
    if (part !== null) figures.push({ ...effect(category, part), name: `effect of the ${name} part`, of: [category] });
  }
  for (const control of outcomes.controls) {
    figures.push({ ...effect(control.name, control.outcomes), name: "control effect" });
  }
  for (const [direction, ablated] of [
    [category, outcomes.own],
    [of[1 - index] as string, outcomes.other],
  ] as const) {
    const fellApart = ablated.degenerate;
    if (fellApart?.some(Boolean)) {
      figures.push({
        name: "degenerate replies",
        of: [direction, category],
        ...rateInterval(fellApart, base),
        unit: "rate",
      });
    }
    const drop = scoreDrop(base, baseline.score, ablated.score, random);
    if (drop !== null)
      figures.push({ name: "score effect", of: [direction, category], ...drop, n: base.length, unit: "score" });
  }
  return figures;
}

function scoreDrop(
  base: readonly string[],
  before: readonly number[] | undefined,
  after: readonly number[] | undefined,
  random: Random,
): { estimate: number; low: number; high: number } | null {
  if (before === undefined || after === undefined) return null;
  const within = (score: number): number => Math.min(LARGEST_SCORE, Math.max(-LARGEST_SCORE, score));
  const drops = base.map((_, i) => within(before[i] as number) - within(after[i] as number));
  if (!drops.every(Number.isFinite)) return null;
  const mean = (rows: readonly number[]): number =>
    rows.reduce((sum, row) => sum + (drops[row] as number), 0) / rows.length;
  const { estimate, low, high } = bootstrap(base, mean, { random });
  return { estimate, low, high };
}
