import type { ConditionEdit } from "../../shared/spec/condition-edit.ts";
import type { FileEdit } from "../../shared/spec/edits-file.ts";

type AnyEdit = ConditionEdit | FileEdit;

function what(edit: AnyEdit): string {
  if (edit.kind === "clamp" || edit.kind === "scale") return `feature ${edit.feature}`;
  if ("component" in edit && edit.component !== undefined) return edit.component;
  const reference =
    ("vectors" in edit ? edit.vectors : undefined) ?? ("vector" in edit ? edit.vector : undefined) ?? "";
  // The tensor's name says more than the file's.
  return reference.slice(reference.lastIndexOf("#") + 1);
}

function where({ at, positions }: AnyEdit): string {
  const places = at === undefined ? [] : [at].flat();
  const everywhere = places.length > 1 && places.every((place) => place.endsWith("*"));
  const at_ = everywhere ? "everywhere" : places.length > 0 ? `at ${places.join(", ")}` : "";
  const rows =
    positions === undefined || positions === "all"
      ? ""
      : `(${typeof positions === "string" ? positions : "some positions"})`;
  return [at_, rows].filter((part) => part !== "").join(" ");
}

function amount(edit: AnyEdit): string {
  switch (edit.kind) {
    case "add":
      return edit.scale === 1 ? "" : `x${edit.scale}`;
    case "affine":
      return `to ${edit.target}`;
    case "clamp":
      return `to ${edit.value}`;
    case "scale":
      return `x${edit.factor}`;
    case "ablate":
      return "";
  }
}

/** Whether an edit by a feature leaves what its dictionary does not reconstruct. */
function error(edit: AnyEdit): string {
  if (edit.kind !== "clamp" && edit.kind !== "scale") return "";
  return edit.error === "drop" ? "(error dropped)" : "(error kept)";
}

/** What a condition does, in words: `ablate cyber everywhere; add fraud x1.5 at resid_post.4`. */
export function describeEdits(edits: readonly AnyEdit[]): string {
  return edits
    .map((edit) => [edit.kind, what(edit), amount(edit), where(edit), error(edit)].filter(Boolean).join(" "))
    .join("; ");
}
