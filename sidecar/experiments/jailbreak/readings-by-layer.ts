import { type HookPoint, hookPoint } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import type { Component } from "../../../shared/plugin/component.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { dot, unit } from "../../statistics/vectors.ts";
import { NO_EDITS, setAlong, together } from "../study/edit-rows.ts";
import { runLanes } from "../study/run-lanes.ts";
import { INSTRUCTION } from "../study/stored-activations.ts";

/** Absolute positions that a component is read at in one prompt: the last instruction token (`INSTRUCTION`), or every token after it. */
export function positionsIn(prompt: Pick<StudyPrompt, "ids" | "lastInstruction">, place: number): number[] {
  const after = Array.from(
    { length: prompt.ids.length - 1 - prompt.lastInstruction },
    (_, i) => prompt.lastInstruction + 1 + i,
  );
  return place === INSTRUCTION ? [prompt.lastInstruction] : after;
}

/** Projections on a component's direction at each layer and place of a prompt, `[layers][positions]`. */
export type Readings = number[][];

/** Points from the component's layer on: what lies before it does not hold it. */
function pointsFrom(study: Study, component: Component): HookPoint[] {
  return Array.from({ length: study.engine.model.layers - component.layer }, (_, i) =>
    hookPoint("resid_pre", component.layer + i),
  );
}

/** Reads prompts at their own places, at the component's layer and every later one. */
export async function readingsFrom(
  study: Study,
  prompts: readonly StudyPrompt[],
  component: Component,
  place: number,
): Promise<Readings[]> {
  const { dModel } = study.engine.model;
  const points = pointsFrom(study, component);
  const axis = unit(component.vectors[0] ?? new Float32Array(dModel));
  const lanes = prompts.map(({ ids }) => ({ ids, edits: NO_EDITS }));
  const results = await runLanes(
    study,
    lanes,
    points.map((at) => ({ at, positions: "all" as const })),
    "none",
  );
  return prompts.map((prompt, i) =>
    points.map((at) => {
      const data = results[i]?.captures[at] ?? new Float32Array();
      return positionsIn(prompt, place).map((p) => dot(data.subarray(p * dModel, (p + 1) * dModel), axis));
    }),
  );
}

/**
 * Edits that give a prompt another's readings of a component, layer by layer from the component's own on. What is read at the last
 * instruction token is set at every position, as steering is (the token stands elsewhere in the wrapped prompt, and what reads it may stand
 * anywhere after it); what is read at the template's tokens is set token by token, matched from the prompt's end.
 */
export function restore(
  study: Study,
  prompt: StudyPrompt,
  component: Component,
  place: number,
  target: Readings,
): LaneEdits {
  const vector = component.vectors[0] ?? new Float32Array(study.engine.model.dModel);
  const positions = positionsIn(prompt, place);
  return together(
    ...pointsFrom(study, component).flatMap((at, l) => {
      const row = target[l] ?? [];
      if (place === INSTRUCTION) return [setAlong([at], vector, readingAt(row, place))];
      return positions.map((position, p) =>
        setAlong([at], vector, row[row.length - positions.length + p] ?? row.at(-1) ?? 0, [position]),
      );
    }),
  );
}

/** The reading that counts of one layer's: that of the last instruction token, or of the last prompt token. */
export function readingAt(row: readonly number[] | undefined, place: number): number {
  return (place === INSTRUCTION ? row?.[0] : row?.at(-1)) ?? 0;
}
