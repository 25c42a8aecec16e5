import type { Figure } from "../figure.ts";
import { newcombePaired } from "../paired-contrast.ts";
import { type ConditionOutcomes, countedRefusals } from "./outcomes.ts";

/**
 * M[d, c] as a figure: the drop of the refusal rate on a category's prompts when a direction is ablated, with Newcombe's paired
 * interval (method 10) at 95%, its n reduced by the design effect where bases repeat.
 * @param of direction and category.
 * @param base base prompt per row.
 */
export function effectFigure(
  of: readonly [direction: string, category: string],
  base: readonly string[],
  baseline: ConditionOutcomes,
  ablated: ConditionOutcomes,
): Figure {
  const drop = newcombePaired([...baseline.refused], countedRefusals(ablated, baseline), base);
  return { name: "effect", of, ...drop, unit: "rate" };
}
