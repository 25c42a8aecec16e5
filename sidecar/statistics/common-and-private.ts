import { dot, norm, unit } from "./vectors.ts";

/** The common part of two directions and what each has for itself, unit vectors `[d]`. */
export interface CommonAndPrivate {
  /** Bisector of the two unit directions. */
  common: Float64Array;
  /**
   * What is orthogonal to the bisector. Both directions leave the bisector by the same angle to opposite sides, so that the private
   * parts of two single directions lie on one line: one ablation serves both. `null` where the directions coincide.
   */
  private: Float64Array | null;
}

/**
 * Splits two directions of one position and layer into their bisector s and the line orthogonal to it in their plane.
 * Of activations c + q_A and c + q_B that hold one cause c beside content of their own, ablating s removes c whole and ablating
 * the private line none of it, whatever the sizes; of two separate knobs (also under a shared inert shape) both remove exactly half of each.
 * @param a direction `[d]`, any norm.
 * @param b direction `[d]`, any norm.
 */
export function commonAndPrivate(a: ArrayLike<number>, b: ArrayLike<number>): CommonAndPrivate {
  const unitA = unit(a);
  const unitB = unit(b);
  const sum = unitA.map((x, j) => x + (unitB[j] as number));
  if (norm(sum) < 1e-6) throw new RangeError("Two opposite directions have no bisector.");
  const common = unit(sum);
  const share = dot(unitA, common);
  const rest = unitA.map((x, j) => x - share * (common[j] as number));
  return { common, private: norm(rest) < 1e-4 ? null : unit(rest) };
}
