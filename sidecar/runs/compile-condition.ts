import { join } from "node:path";
import { type HookPoint, hookPoint } from "../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import type { ConditionEdit } from "../../shared/spec/condition-edit.ts";
import { fileEditSchema } from "../../shared/spec/edits-file.ts";
import { compileEditsFile } from "../edits/compile-edits-file.ts";
import type { CompiledCondition } from "../edits/compiled-condition.ts";
import { ablate, add, setAlong, streamPoints, together } from "../experiments/study/edit-rows.ts";

interface Tools {
  model: ModelDescription;
  specPath: string;
  dictionaryFormats: readonly DictionaryFormat[];
  component(name: string): Promise<Component>;
}

function pointsOf(
  at: string | readonly string[] | undefined,
  fallback: readonly HookPoint[],
  model: ModelDescription,
  field: string,
): HookPoint[] {
  if (at === undefined) return [...fallback];
  const points = [at].flat().flatMap((name) => {
    const pattern = new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", "\\d+")}$`);
    const found = model.hookPoints.filter((point) => pattern.test(point));
    if (found.length === 0)
      throw refused(
        `${field}.at: the model has no hook point "${name}" (it has ${model.hookPoints[0]} to ${model.hookPoints.at(-1)}).`,
      );
    return found;
  });
  return [...new Set(points)];
}

/** A spec may name an ablation's one direction `vector`; an edits file says `vectors`, and knows no key that holds nothing. */
function asFileEdit(edit: ConditionEdit): unknown {
  if (edit.kind !== "ablate") return edit;
  const { vector, vectors = vector, ...rest } = edit;
  return { ...rest, vectors };
}

/** The edits of one condition: an edit with a component takes its vectors and place from it, every other is read as an edits file's. */
export async function compileCondition(
  name: string,
  edits: readonly ConditionEdit[],
  tools: Tools,
): Promise<Pick<CompiledCondition, "edits" | "notes" | "dictionaries">> {
  const parts: LaneEdits[] = [];
  const notes: string[] = [];
  const dictionaries: Dictionary[] = [];
  for (const [i, edit] of edits.entries()) {
    const field = `conditions.${name}.${i}`;
    if ("component" in edit && edit.component !== undefined) {
      parts.push(await componentEdit(edit, edit.component, field, tools));
      continue;
    }
    const parsed = fileEditSchema.safeParse(asFileEdit(edit));
    if (!parsed.success) {
      throw refused(
        `${tools.specPath}: ${field}: an edit without a component needs a vector (or a dictionary's feature) and at: ${parsed.error.issues[0]?.path.join(".")} is missing or wrong.`,
      );
    }
    const [compiled] = await compileEditsFile(
      { conditions: [{ name, edits: [parsed.data] }] },
      { model: tools.model, path: join(tools.specPath), dictionaryFormats: tools.dictionaryFormats },
    );
    if (compiled === undefined) continue;
    parts.push(compiled.edits);
    notes.push(...compiled.notes);
    dictionaries.push(...compiled.dictionaries);
  }
  return { edits: together(...parts), notes, dictionaries };
}

async function componentEdit(
  edit: Extract<ConditionEdit, { kind: "add" | "ablate" | "affine" }>,
  name: string,
  field: string,
  tools: Tools,
): Promise<LaneEdits> {
  const component = await tools.component(name);
  const raw = edit.positions ?? "all";
  const positions = typeof raw === "object" && !Array.isArray(raw) ? { from: raw.from ?? 0, to: raw.to ?? null } : raw;
  const own = [hookPoint(component.site, component.layer)];
  if (edit.kind === "ablate") {
    return ablate(pointsOf(edit.at, streamPoints(tools.model), tools.model, field), component.vectors, positions);
  }
  const [vector] = component.vectors;
  if (!vector || component.vectors.length > 1) {
    throw refused(
      `${field}: component "${name}" is a subspace of ${component.vectors.length} directions; ${edit.kind} needs one direction.`,
    );
  }
  const points = pointsOf(edit.at, own, tools.model, field);
  if (edit.kind === "affine") return setAlong(points, vector, edit.target, positions);
  const rows = points.flatMap((at) => add(at, vector, edit.scale, positions).rows);
  return { rows, drops: [] };
}
