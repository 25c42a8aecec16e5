import type { ConditionSlider } from "../protocol/compare-stream.ts";
import type { ConditionEdit } from "./condition-edit.ts";

/** An edit as a slider sets it: a clamped value or a factor replaced, or all that it does multiplied by a strength. An ablation has neither. */
export function editAtSlider<E extends ConditionEdit>(
  edit: E,
  { kind, value }: Pick<ConditionSlider, "kind" | "value">,
): E {
  if (kind === "value") return edit.kind === "clamp" ? { ...edit, value } : edit;
  if (kind === "factor") return edit.kind === "scale" ? { ...edit, factor: value } : edit;
  switch (edit.kind) {
    case "add":
      return { ...edit, scale: edit.scale * value };
    case "affine":
      return { ...edit, target: edit.target * value };
    case "clamp":
      return { ...edit, value: edit.value * value };
    case "scale":
      return { ...edit, factor: 1 + (edit.factor - 1) * value };
    default:
      return edit;
  }
}
