import type { Component } from "../../../shared/plugin/component.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { dot, unit } from "../../statistics/vectors.ts";
import { activationsAt, captureActivations, INSTRUCTION } from "./stored-activations.ts";

/** Where a component is read: at its own position, or at the last token of the instruction for one that has none. */
export function readingPosition(component: Component): number {
  return component.position ?? (component.provenance.method === "harmfulness" ? INSTRUCTION : -1);
}

/** Projections of prompts on a component's unit direction, at its own layer and position. */
export async function readingsOf(
  study: Study,
  prompts: readonly StudyPrompt[],
  component: Component,
): Promise<number[]> {
  const position = readingPosition(component);
  const stored = await captureActivations(study, prompts, {
    layers: [component.layer],
    positions: [position],
    site: component.site,
  });
  const { data, d } = activationsAt(stored, component.layer, position);
  const axis = unit(component.vectors[0] ?? new Float32Array(d));
  return prompts.map((_, i) => Math.round(dot(data.subarray(i * d, (i + 1) * d), axis) * 1e5) / 1e5);
}
