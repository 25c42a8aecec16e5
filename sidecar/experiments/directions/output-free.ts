import type { Lane } from "../../../shared/engine/engine.ts";
import { hookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { DirectionFinder, FoundDirection } from "../../../shared/plugin/direction-finder.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { cosine } from "../../statistics/vectors.ts";
import { ablate, add, NO_EDITS, streamPoints } from "../study/edit-rows.ts";
import { runLanes } from "../study/run-lanes.ts";
import { type Contender, selectableLayers } from "./candidate-scores.ts";
import { directionAt, splitPrompts, trainingActivations } from "./mean-directions.ts";

const NO_BOUNDS = { kl: 0, induce: 0, prune: 0.2 };
/** Share of layers, those where harmful and harmless prompts are least alike, that activations are compared at. */
const COMPARED = 0.1;
const VALIDATION = 16;

/** Mean activation over prompts at the template's tokens of some layers, one vector after another: `[layers * positions * dModel]`. */
async function meanState(study: Study, lanes: readonly Lane[], layers: readonly number[]): Promise<Float64Array> {
  const { dModel } = study.engine.model;
  const captures = layers.map((layer) => ({ at: hookPoint("resid_post", layer), positions: [...study.positions] }));
  const results = await runLanes(study, lanes, captures, "none");
  const width = study.positions.length * dModel;
  const mean = new Float64Array(layers.length * width);
  for (const { captures: taken } of results) {
    for (const [l, { at }] of captures.entries()) {
      for (const [j, value] of (taken[at] ?? new Float32Array()).entries())
        mean[l * width + j] = (mean[l * width + j] ?? 0) + value / results.length;
    }
  }
  return mean;
}

/**
 * Output-free selection (COSMIC, Siu et al. 2025): of the differences in means, the one that, ablated, brings harmful prompts closest to
 * harmless ones and, added, harmless prompts closest to harmful ones, by cosine of activations in the 10% of layers where the two are least
 * alike. No output is read.
 */
export const outputFreeFinder: DirectionFinder = {
  id: "output-free",
  label: "Output-free (COSMIC)",
  describe: "Difference in means, its place chosen by cosines of activations instead of outputs.",
  options: {},
  passes({ positive, negative, layers, positions }, study) {
    const candidates = selectableLayers(study.layers, layers, NO_BOUNDS).length * (positions ?? study.positions).length;
    return positive.length + negative.length + candidates * 2 * VALIDATION;
  },
  async find(input, study): Promise<FoundDirection> {
    const { name } = input;
    const positions = input.positions ?? study.positions;
    const { model } = study.engine;
    const layers = selectableLayers(model.layers, input.layers, NO_BOUNDS);
    const parts = splitPrompts(name, input.positive, input.negative);
    const training = await trainingActivations(study, name, parts.trainPositive, parts.trainNegative, {
      layers,
      positions,
    });
    const contenders = layers.flatMap((layer) =>
      positions.flatMap((position): Contender[] => {
        const vector = directionAt(training, layer, position);
        return vector ? [{ layer, position, vector }] : [];
      }),
    );
    const lanes = (prompts: readonly StudyPrompt[], edits = NO_EDITS) =>
      prompts.slice(0, VALIDATION).map(({ ids }): Lane => ({ ids, edits }));
    const every = Array.from({ length: model.layers }, (_, layer) => layer);
    const likeness: { layer: number; cosine: number }[] = [];
    for (const layer of every) {
      const [harmful, harmless] = [
        await meanState(study, lanes(parts.valPositive), [layer]),
        await meanState(study, lanes(parts.valNegative), [layer]),
      ];
      likeness.push({ layer, cosine: cosine(harmful, harmless) });
    }
    const compared = likeness
      .sort((a, b) => a.cosine - b.cosine)
      .slice(0, Math.max(1, Math.round(COMPARED * model.layers)))
      .map(({ layer }) => layer);
    const [harmful, harmless] = [
      await meanState(study, lanes(parts.valPositive), compared),
      await meanState(study, lanes(parts.valNegative), compared),
    ];
    let best: { contender: Contender; score: number } | null = null;
    for (const contender of contenders) {
      const calmed = await meanState(
        study,
        lanes(parts.valPositive, ablate(streamPoints(model), [contender.vector])),
        compared,
      );
      const alarmed = await meanState(
        study,
        lanes(parts.valNegative, add(hookPoint("resid_pre", contender.layer), contender.vector)),
        compared,
      );
      const score = cosine(calmed, harmless) + cosine(alarmed, harmful);
      if (!best || score > best.score) best = { contender, score };
    }
    if (!best)
      throw refused(
        `component ${name}: harmful and harmless prompts have the same activations at every place that may be chosen.`,
      );
    const { contender, score } = best;
    const sets = { positive: input.positive[0]?.set ?? "", negative: input.negative[0]?.set ?? "" };
    return {
      component: {
        name,
        layer: contender.layer,
        site: "resid_pre",
        position: contender.position,
        vectors: [contender.vector],
        provenance: {
          method: "output-free",
          modelHash: model.hash,
          precision: model.precision,
          templateHash: null,
          position: contender.position,
          prompts: [
            { set: sets.positive, n: training.keptPositive.filter(Boolean).length },
            { set: sets.negative, n: training.keptNegative.filter(Boolean).length },
          ],
        },
        foundFrom: sets,
      },
      candidates: [],
      because: `Of ${contenders.length} places, layer ${contender.layer}, position ${contender.position} has the largest sum of cosines (${score.toFixed(2)} of 2), compared at layer ${compared.join(", ")}.`,
      warnings: training.warnings,
    };
  },
};
