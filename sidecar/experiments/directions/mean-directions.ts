import { refused } from "../../../shared/errors.ts";
import type { Component } from "../../../shared/plugin/component.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import type { Activations, DirectionSamples } from "../../statistics/activations.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { norm } from "../../statistics/vectors.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { activationsAt, captureActivations, type StoredActivations } from "../study/stored-activations.ts";

/** Training activations of a component, filtered as Arditi et al. do: harmful prompts that are refused, harmless ones that are not. */
export interface TrainingActivations {
  positive: StoredActivations;
  negative: StoredActivations;
  keptPositive: readonly boolean[];
  keptNegative: readonly boolean[];
  warnings: string[];
}

/** A difference in means rests on at least so many prompts of each kind; below, its direction is one prompt's noise. */
const FEWEST = 2;

function split(prompts: readonly StudyPrompt[], which: StudyPrompt["split"]): StudyPrompt[] {
  return prompts.filter((prompt) => prompt.split === which);
}

/** Train and validation prompts of both sets; refused, with every count, where there are too few. */
export function splitPrompts(name: string, positive: readonly StudyPrompt[], negative: readonly StudyPrompt[]) {
  const parts = {
    trainPositive: split(positive, "train"),
    trainNegative: split(negative, "train"),
    valPositive: split(positive, "val"),
    valNegative: split(negative, "val"),
  };
  if (
    parts.trainPositive.length < FEWEST ||
    parts.trainNegative.length < FEWEST ||
    parts.valPositive.length < 1 ||
    parts.valNegative.length < 1
  ) {
    throw refused(
      `component ${name}: its positive set has ${parts.trainPositive.length} train and ${parts.valPositive.length} val prompts, its negative set ${parts.trainNegative.length} and ${parts.valNegative.length}; a direction needs at least ${FEWEST} train and 1 val of each (64 and 32 to be told from noise).`,
    );
  }
  return parts;
}

export async function trainingActivations(
  study: Study,
  name: string,
  positive: readonly StudyPrompt[],
  negative: readonly StudyPrompt[],
  options: { layers: readonly number[]; positions: readonly number[] },
): Promise<TrainingActivations> {
  const stored = await Promise.all([
    captureActivations(study, positive, { ...options, logits: true }),
    captureActivations(study, negative, { ...options, logits: true }),
  ]);
  const [scoresPositive, scoresNegative] = stored.map((one) =>
    one.logits.map((logits) => firstTokenScore(logits, study.refusal.ids)),
  );
  const keptPositive = (scoresPositive ?? []).map((score) => score > 0);
  const keptNegative = (scoresNegative ?? []).map((score) => !(score > 0));
  const [left, leftNegative] = [keptPositive, keptNegative].map((kept) => kept.filter(Boolean).length);
  const warnings: string[] = [];
  if ((left ?? 0) < FEWEST) {
    throw refused(
      `component ${name}: the model refuses ${left} of ${positive.length} train prompts of its positive set, so there is no refusal to find a direction of. Check the refusal tokens (${study.refusal.texts.join(", ") || "none"}) and the prompts.`,
    );
  }
  if ((leftNegative ?? 0) < FEWEST) {
    throw refused(
      `component ${name}: the model refuses ${negative.length - (leftNegative ?? 0)} of ${negative.length} train prompts of its negative set, so nothing is left to compare with. Check the prompts.`,
    );
  }
  const dropped = positive.length - (left ?? 0) + negative.length - (leftNegative ?? 0);
  if (dropped > 0) {
    warnings.push(
      `component ${name}: ${positive.length - (left ?? 0)} of ${positive.length} positive train prompts are not refused and ${negative.length - (leftNegative ?? 0)} of ${negative.length} negative ones are; they are left out of the means.`,
    );
  }
  const [first, second] = stored;
  return { positive: first, negative: second, keptPositive, keptNegative, warnings };
}

/** The filtered samples at one layer and position. */
export function samplesAt(training: TrainingActivations, layer: number, position: number): DirectionSamples {
  const of = (stored: StoredActivations, kept: readonly boolean[]): Activations =>
    activationsAt(stored, layer, position, (_, i) => kept[i] === true);
  return {
    positive: of(training.positive, training.keptPositive),
    negative: of(training.negative, training.keptNegative),
  };
}

/** Difference in means at one layer and position, raw norm; null where there is none (the same embedding in every prompt). */
export function directionAt(training: TrainingActivations, layer: number, position: number): Float32Array | null {
  const samples = samplesAt(training, layer, position);
  const direction = Float32Array.from(differenceInMeans(samples));
  let scale = 0;
  for (const value of samples.positive.data) scale = Math.max(scale, Math.abs(value));
  return norm(direction) > 1e-5 * Math.max(scale, 1e-30) * Math.sqrt(direction.length) ? direction : null;
}

const remembered = new WeakMap<readonly StudyPrompt[], Map<string, Promise<TrainingActivations>>>();
/** Activations beyond this are captured again instead of being kept, in bytes. */
const KEPT_BYTES = 256 * 1024 * 1024;

/**
 * Training activations of a found component at every layer, captured once for all experiments of a run where they fit in memory.
 * Refused for a component that was not found from prompts.
 */
export async function componentTraining(
  study: Study,
  component: Component,
  layers: readonly number[],
): Promise<TrainingActivations> {
  if (!component.foundFrom) {
    throw refused(
      `component ${component.name}: it was not found from prompt sets, so it cannot be recomputed at other layers; use a component with find.`,
    );
  }
  const positive = await study.prompts(component.foundFrom.positive);
  const negative = await study.prompts(component.foundFrom.negative);
  const { layers: count, dModel } = study.engine.model;
  const every = Array.from({ length: count }, (_, layer) => layer).slice(1);
  const bytes = (positive.length + negative.length) * every.length * study.positions.length * dModel * 4;
  const capture = (chosen: readonly number[]) =>
    trainingActivations(study, component.name, split(positive, "train"), split(negative, "train"), {
      layers: chosen,
      positions: study.positions,
    });
  if (bytes > KEPT_BYTES) return capture(layers);
  const key = `${component.foundFrom.negative}/${study.positions.join()}/${study.refusal.ids.join()}`;
  const known = remembered.get(positive) ?? new Map<string, Promise<TrainingActivations>>();
  remembered.set(positive, known);
  const made = known.get(key) ?? capture([...new Set([...every, ...layers])]);
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}
