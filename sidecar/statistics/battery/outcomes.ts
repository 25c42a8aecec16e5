/** What the model did with a category's test prompts under one condition; row i is the same prompt in every condition. */
export interface ConditionOutcomes {
  refused: readonly boolean[];
  /** Refusal score per prompt; absent where the scorer gives none. */
  score?: readonly number[];
  /** Replies that fell apart (repetition): no evidence that a refusal was lifted. */
  degenerate?: readonly boolean[];
}

/** Rows of the matrix that are no component: a random direction, one with the data's covariance, a difference between harmless topics. */
export interface ControlOutcomes {
  name: string;
  kind: "random" | "covariance" | "topics";
  outcomes: ConditionOutcomes;
}

/** One category's column: its test prompts under every condition that the battery needs at one layer. */
export interface CategoryOutcomes {
  /** Base prompt per test prompt, length n. */
  base: readonly string[];
  baseline: ConditionOutcomes;
  /** The category's own direction ablated. */
  own: ConditionOutcomes;
  /** The other direction of the pair ablated. */
  other: ConditionOutcomes;
  /** The bisector of both ablated; `null` where it was not run: causes are then never called distinct, nor one but by equivalence. */
  common: ConditionOutcomes | null;
  /** The category's private part ablated; `null` where not run, or where both directions coincide and it does not exist. */
  private: ConditionOutcomes | null;
  controls: readonly ControlOutcomes[];
}

/**
 * Refusals as the battery counts them: a reply that fell apart keeps the baseline's outcome, so that a broken model never
 * passes for a lifted refusal (it would push every verdict towards "distinct").
 */
export function countedRefusals(outcomes: ConditionOutcomes, baseline: ConditionOutcomes): boolean[] {
  return outcomes.refused.map((refused, i) => (outcomes.degenerate?.[i] ? (baseline.refused[i] ?? refused) : refused));
}
