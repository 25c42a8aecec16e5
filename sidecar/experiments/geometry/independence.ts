import type { Component } from "../../../shared/plugin/component.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { cosineShift } from "../../statistics/cosine-shift.ts";
import { covarianceMatchedDirection } from "../../statistics/covariance-null.ts";
import type { Figure } from "../../statistics/figure.ts";
import { seeded } from "../../statistics/random.ts";
import { cosine } from "../../statistics/vectors.ts";
import { samplesAt, type TrainingActivations } from "../directions/mean-directions.ts";
import { ablate, streamPoints, type Vector } from "../study/edit-rows.ts";
import { mean } from "../study/outcomes.ts";
import { readingPosition } from "../study/readings.ts";
import { sample } from "../study/sample.ts";
import { activationsAt, captureActivations } from "../study/stored-activations.ts";

/** The row that says what ablating no component does: a random direction of the data's covariance. */
export const INDEPENDENCE_CONTROL = "random, of the data's covariance";

/** One component's reading over layers while others are ablated. */
export interface Independence {
  probed: string;
  n: number;
  /** Mean cosine of the activation with the direction, by layer, without edits and with each other direction ablated. */
  profiles: { ablated: string | null; control: boolean; values: number[] }[];
  shifts: Figure[];
}

interface Probed {
  component: Component;
  training: TrainingActivations;
}

async function cosines(
  study: Study,
  prompts: readonly StudyPrompt[],
  component: Component,
  layers: readonly number[],
  ablated: Vector | null,
): Promise<number[][]> {
  const position = readingPosition(component);
  const stored = await captureActivations(study, prompts, {
    layers,
    positions: [position],
    site: component.site,
    ...(ablated === null ? {} : { edits: ablate(streamPoints(study.engine.model), [ablated]) }),
  });
  const direction = component.vectors[0] ?? new Float32Array(stored.dModel);
  const byLayer = layers.map((layer) => activationsAt(stored, layer, position).data);
  return prompts.map((_, i) =>
    byLayer.map((data) => cosine(data.subarray(i * stored.dModel, (i + 1) * stored.dModel), direction)),
  );
}

/**
 * Representational independence (Wollschlaeger et al. 2025): how the profile of cos(x, r) over layers changes on a component's own test
 * prompts when each of the others is ablated at every point and position; ablating the component itself and a random direction of the
 * data's covariance say what much and what little is.
 */
export async function independence(
  study: Study,
  all: readonly Probed[],
  layers: readonly number[],
  size: number,
): Promise<Independence[]> {
  const found: Independence[] = [];
  for (const { component, training } of all) {
    const set = component.foundFrom?.positive;
    const test = set === undefined ? [] : (await study.prompts(set)).filter(({ split }) => split === "test");
    const prompts = sample(test, size, study.seed);
    if (prompts.length === 0) continue;
    const base = prompts.map((prompt) => prompt.base);
    const random = seeded(study.seed, `independence/${component.name}`);
    const activations = samplesAt(training, Math.max(1, component.layer), component.position ?? -1).positive;
    const rows: { name: string; control: boolean; vector: Vector }[] = [
      ...all.map(({ component: { name, vectors } }) => ({ name, control: false, vector: vectors[0] ?? [] })),
      { name: INDEPENDENCE_CONTROL, control: true, vector: covarianceMatchedDirection(activations, random) },
    ];
    const before = await cosines(study, prompts, component, layers, null);
    const profile = (values: readonly (readonly number[])[]) =>
      layers.map((_, layer) => mean(values.map((one) => one[layer] ?? Number.NaN)));
    const result: Independence = {
      probed: component.name,
      n: prompts.length,
      profiles: [{ ablated: null, control: false, values: profile(before) }],
      shifts: [],
    };
    for (const { name, control, vector } of rows) {
      const after = await cosines(study, prompts, component, layers, vector);
      result.profiles.push({ ablated: name, control, values: profile(after) });
      result.shifts.push({
        name: "representational shift",
        of: [component.name, name],
        ...cosineShift(before, after, base, seeded(study.seed, `shift/${component.name}/${name}`)),
        n: prompts.length,
        unit: "cosine",
      });
    }
    found.push(result);
  }
  return found;
}
