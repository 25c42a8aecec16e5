import { hookPoint } from "../../../shared/engine/hook-point.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { dot, unit } from "../../statistics/vectors.ts";
import { NO_EDITS } from "../study/edit-rows.ts";
import { runLanes } from "../study/run-lanes.ts";
import { activationsAt, captureActivations } from "../study/stored-activations.ts";

/** Readings of test prompts by layer: how far each goes along the difference of the training means at that layer. */
export interface ReadProfile {
  against: string;
  positive: boolean[];
  base: string[];
  /** `[layers][prompts]`. */
  scores: number[][];
}

/** Readings of two sets at every layer, at one position: direction from train, read on test. */
export async function readProfile(
  study: Study,
  positive: readonly StudyPrompt[],
  negative: readonly StudyPrompt[],
  position: number,
  against: string,
): Promise<ReadProfile> {
  const layers = Array.from({ length: study.engine.model.layers }, (_, layer) => layer);
  const all = [...positive, ...negative];
  const stored = await captureActivations(study, all, { layers, positions: [position], site: "resid_post" });
  const isPositive = (_: StudyPrompt, i: number) => i < positive.length;
  const test = all.map((_, i) => i).filter((i) => all[i]?.split === "test");
  const scores = layers.map((layer) => {
    const of = (want: boolean) =>
      activationsAt(stored, layer, position, (prompt, i) => prompt.split === "train" && isPositive(prompt, i) === want);
    const direction = differenceInMeans({ positive: of(true), negative: of(false) });
    const size = Math.hypot(...direction);
    if (size === 0) return test.map(() => 0);
    const axis = unit(direction);
    return test.map((i) => dot(stored.byLayer.get(layer)?.[i] ?? new Float32Array(), axis));
  });
  return {
    against,
    positive: test.map((i) => i < positive.length),
    base: test.map((i) => all[i]?.base ?? ""),
    scores: scores.map((row) => row.map((value) => Math.round(value * 1e5) / 1e5)),
  };
}

/** What attention and MLP of each layer write along a direction at the last prompt token, by group of prompts. */
export interface Writes {
  group: string;
  n: number;
  /** Mean of r.(resid_mid - resid_pre) and r.(resid_post - resid_mid) per layer; attention and MLP together where there is no resid_mid. */
  attention: number[];
  mlp: number[];
}

export async function writesOf(
  study: Study,
  prompts: readonly StudyPrompt[],
  vector: ArrayLike<number>,
  group: string,
): Promise<Writes> {
  const { model } = study.engine;
  const axis = unit(vector);
  const layers = Array.from({ length: model.layers }, (_, layer) => layer);
  const hasMid = model.hookPoints.includes("resid_mid.0");
  const sites = hasMid ? (["resid_pre", "resid_mid", "resid_post"] as const) : (["resid_pre", "resid_post"] as const);
  const captures = layers.flatMap((layer) => sites.map((site) => ({ at: hookPoint(site, layer), positions: [-1] })));
  const results = await runLanes(
    study,
    prompts.map(({ ids }) => ({ ids, edits: NO_EDITS })),
    captures,
    "none",
  );
  const along = (site: (typeof sites)[number], layer: number) =>
    results.reduce(
      (sum, { captures: taken }) => sum + dot(taken[hookPoint(site, layer)] ?? new Float32Array(model.dModel), axis),
      0,
    ) / results.length;
  return {
    group,
    n: prompts.length,
    attention: layers.map((layer) => (hasMid ? along("resid_mid", layer) - along("resid_pre", layer) : 0)),
    mlp: layers.map((layer) => along("resid_post", layer) - along(hasMid ? "resid_mid" : "resid_pre", layer)),
  };
}
