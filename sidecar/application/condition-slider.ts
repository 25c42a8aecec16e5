import type { ConditionSlider } from "../../shared/protocol/compare-stream.ts";
import type { ConditionEdit } from "../../shared/spec/condition-edit.ts";

const STRENGTH: ConditionSlider = { kind: "strength", value: 1, least: 0, most: 3 };

/** How far sliders go past what is written, and how far where that is nothing. */
const BEYOND = 3;
const LEAST_RANGE = { value: 10, factor: 3 };

/**
 * What a slider sets of a condition: where all that it does, ablations apart, is to clamp features to one value, that value; to scale them by
 * one factor, that factor; else how strong its edits are. `null` for ablations alone, which have no strength.
 */
export function conditionSlider(edits: readonly ConditionEdit[]): ConditionSlider | null {
  const graded = edits.filter(({ kind }) => kind !== "ablate");
  if (graded.length === 0) return null;
  const values = new Set(graded.map((edit) => (edit.kind === "clamp" ? edit.value : null)));
  const factors = new Set(graded.map((edit) => (edit.kind === "scale" ? edit.factor : null)));
  const [value = null] = values.size === 1 ? values : [];
  if (value !== null) return { kind: "value", value, ...around(value, LEAST_RANGE.value) };
  const [factor = null] = factors.size === 1 ? factors : [];
  if (factor !== null) return { kind: "factor", value: factor, ...around(factor, LEAST_RANGE.factor) };
  return STRENGTH;
}

function around(written: number, range: number): { least: number; most: number } {
  return { least: Math.min(0, BEYOND * written), most: Math.max(range, BEYOND * written) };
}
