import type { Candidate } from "../../../shared/plugin/direction-finder.ts";

/** Bounds of the selection rule, with the reference implementation's defaults. */
export interface SelectionBounds {
  /** Largest KL divergence on harmless prompts under ablation. */
  kl: number;
  /** Smallest score of harmless prompts under addition. */
  induce: number;
  /** Share of layers, at the end of the model, that are left out. */
  prune: number;
}

export const SELECTION_DEFAULTS: SelectionBounds = { kl: 0.1, induce: 0, prune: 0.2 };

export interface Selection {
  winner: Candidate | null;
  total: number;
  left: number;
  /** Each dropped candidate counts once, under the first bound that it fails, in this order. */
  dropped: { nan: number; layer: number; kl: number; induce: number };
  because: string;
}

/** The first layer that is too late: int(L (1 - prune)). */
export function firstPrunedLayer(layers: number, prune: number): number {
  // 0.8 x 40 is 32.000000000000004 in floating point elsewhere, 31.999... in others: the tiny term keeps whole numbers whole.
  return Math.trunc(layers * (1 - prune) + 1e-9);
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/**
 * The selection rule of Arditi et al. 2024 (andyrdt/refusal_direction, `select_direction.py`): of the candidates that are numbers, lie
 * before the last 20% of layers, change harmless prompts by at most 0.1 nats and make harmless prompts refuse when added, the one whose
 * ablation leaves the lowest refusal score. A slightly negative KL is rounding and stands as it is.
 */
export function selectDirection(
  candidates: readonly Candidate[],
  layers: number,
  bounds: SelectionBounds = SELECTION_DEFAULTS,
): Selection {
  const dropped = { nan: 0, layer: 0, kl: 0, induce: 0 };
  const end = firstPrunedLayer(layers, bounds.prune);
  let left = 0;
  let winner: Candidate | null = null;
  for (const candidate of candidates) {
    const { refusal_score, steering_score, kl_div_score, layer } = candidate;
    if (!isNumber(refusal_score) || !isNumber(steering_score) || !isNumber(kl_div_score)) dropped.nan++;
    else if (layer >= end) dropped.layer++;
    else if (kl_div_score > bounds.kl) dropped.kl++;
    else if (steering_score < bounds.induce) dropped.induce++;
    else {
      left++;
      if (winner === null || refusal_score < (winner.refusal_score ?? Number.POSITIVE_INFINITY)) winner = candidate;
    }
  }
  return {
    winner,
    total: candidates.length,
    left,
    dropped,
    because: reason(winner, candidates.length, left, dropped, end, bounds),
  };
}

function reason(
  winner: Candidate | null,
  total: number,
  left: number,
  dropped: Selection["dropped"],
  end: number,
  bounds: SelectionBounds,
): string {
  if (winner) {
    return `Of ${total} candidates ${left} are left; position ${winner.position}, layer ${winner.layer} leaves the lowest refusal score under ablation.`;
  }
  if (total === 0) return "There are no candidates.";
  const parts = [
    dropped.nan > 0 ? `${dropped.nan} have a score that is not a number` : "",
    dropped.layer > 0 ? `${dropped.layer} lie at layer ${end} or later` : "",
    dropped.kl > 0 ? `${dropped.kl} change harmless prompts by more than ${bounds.kl} nats` : "",
    dropped.induce > 0
      ? `${dropped.induce} do not make harmless prompts refuse when added (score below ${bounds.induce})`
      : "",
  ].filter((part) => part !== "");
  return `None of ${total} candidates is left: ${parts.join(", ")}.`;
}
