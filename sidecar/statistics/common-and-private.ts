import { dot, norm, unit } from "./vectors.ts";

/** The common part of two directions and what each has for itself, unit vectors `[d]`. */
export interface CommonAndPrivate {
  /** The private line is along a - weight * b, the common part orthogonal to it in the plane of both. */
  weight: number;
  common: Float64Array;
  /**
   * What of both is orthogonal to the common part: in the plane of two directions that is one line, so that one ablation serves
   * as the private part of either. `null` where the directions coincide.
   */
  private: Float64Array | null;
}

/**
 * Splits the plane of two directions (of one position and layer, raw norms as differences in means have them) into a common part and
 * the private line orthogonal to it.
 *
 * Of activations a = c + q_A and b = c + q_B that hold one cause c beside content of their own, a - b holds nothing of the cause;
 * ablating the line orthogonal to it removes c whole from both, whatever the sizes of q_A and q_B. Where the cause is held with
 * different strengths the weight is their ratio. The bisector of the unit directions is the weight |a|/|b|: right only where both
 * hold their own content in equal measure; with unequal measure it leaves part of the cause in one category, and one cause passes for two.
 *
 * Of two separate knobs (also under a shared inert shape) the shares that any such common part removes of either add up to 1, so that
 * none takes down both while its private line takes down neither: trying several weights makes no false common cause.
 */
export function commonAndPrivate(a: ArrayLike<number>, b: ArrayLike<number>, weight: number): CommonAndPrivate {
  if (!(weight > 0)) throw new RangeError(`The weight of a common part is above 0, found ${weight}.`);
  const scaled = Float64Array.from(b, (x) => weight * x);
  const difference = Float64Array.from(a, (x, j) => x - (scaled[j] as number));
  const size = Math.max(norm(a), norm(scaled));
  if (norm(difference) < 1e-4 * size) {
    return { weight, common: unit(scaled.map((x, j) => x + (a[j] as number))), private: null };
  }
  const line = unit(difference);
  const along = dot(a, line);
  const rest = Float64Array.from(a, (x, j) => x - along * (line[j] as number));
  if (norm(rest) < 1e-6 * size)
    throw new RangeError(
      "Two directions of one line that differ in length or sign have no common part at this weight.",
    );
  return { weight, common: unit(rest), private: line };
}

/**
 * The common parts worth trying on validation prompts: the raw directions (weight 1), the bisector of the unit directions, and weights
 * up to four times from it. Keep the one (over positions too) whose ablation takes down both categories most.
 * Empty where the directions are opposite; one where they are the same.
 */
export function commonCandidates(a: ArrayLike<number>, b: ArrayLike<number>): CommonAndPrivate[] {
  const bisector = norm(a) / norm(b);
  const alignment = dot(unit(a), unit(b));
  if (alignment < -1 + 1e-9) return [];
  // Directions of one line have that line in common, whatever their lengths.
  if (alignment > 1 - 1e-9) return [commonAndPrivate(a, b, bisector)];
  const weights = [1, bisector, 2 * bisector, bisector / 2, 4 * bisector, bisector / 4];
  return weights
    .filter((weight, k) => weights.findIndex((earlier) => Math.abs(Math.log(earlier / weight)) < 0.2) === k)
    .map((weight) => commonAndPrivate(a, b, weight));
}
