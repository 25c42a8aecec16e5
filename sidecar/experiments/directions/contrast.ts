import { refused } from "../../../shared/errors.ts";
import type { DirectionFinder, FoundDirection } from "../../../shared/plugin/direction-finder.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { klDivergence } from "../../statistics/kl-divergence.ts";
import { logSoftmax, softmax } from "../../statistics/softmax.ts";
import { norm } from "../../statistics/vectors.ts";
import { ablate, NO_EDITS, streamPoints } from "../study/edit-rows.ts";
import { runLanes } from "../study/run-lanes.ts";
import { activationsAt, captureActivations } from "../study/stored-activations.ts";
import { selectableLayers } from "./candidate-scores.ts";
import { splitPrompts } from "./mean-directions.ts";

const OPTIONS = {
  prune: { type: "number", default: 0, min: 0, max: 0.9, describe: "Share of layers left out at the end." },
} as const;

function pruneOf(options: Readonly<Record<string, unknown>>): { kl: number; induce: number; prune: number } {
  return { kl: 0, induce: 0, prune: Number(options.prune ?? 0) };
}

/**
 * Difference in means of any two sets (two wordings, two kinds of asker), without a filter by refusal. The place is the one whose ablation
 * brings the next token of the positive prompts closest to that of the negative ones, on validation.
 */
export const contrastFinder: DirectionFinder = {
  id: "contrast",
  label: "Contrast",
  describe:
    "Mean of one set minus mean of another, unfiltered; the place whose ablation brings the first's next tokens closest to the second's.",
  options: OPTIONS,
  passes({ positive, negative, layers, positions, options }, study) {
    const val = positive.filter(({ split }) => split === "val").length;
    return (
      positive.length +
      negative.length +
      selectableLayers(study.layers, layers, pruneOf(options)).length *
        (positions ?? study.positions).length *
        Math.min(val, 16)
    );
  },
  async find(input, study): Promise<FoundDirection> {
    const { name } = input;
    const positions = input.positions ?? study.positions;
    const layers = selectableLayers(study.engine.model.layers, input.layers, pruneOf(input.options));
    const parts = splitPrompts(name, input.positive, input.negative);
    const [positive, negative] = [
      await captureActivations(study, parts.trainPositive, { layers, positions }),
      await captureActivations(study, parts.trainNegative, { layers, positions }),
    ];
    const contenders = layers.flatMap((layer) =>
      positions.flatMap((position) => {
        const vector = Float32Array.from(
          differenceInMeans({
            positive: activationsAt(positive, layer, position),
            negative: activationsAt(negative, layer, position),
          }),
        );
        return norm(vector) > 1e-4 ? [{ layer, position, vector }] : [];
      }),
    );
    const loud = parts.valPositive.slice(0, 16);
    const quiet = await runLanes(
      study,
      parts.valNegative.map(({ ids }) => ({ ids, edits: NO_EDITS })),
      [],
      "last",
    );
    const target = new Float64Array(study.engine.model.vocabSize);
    for (const { logits } of quiet)
      for (const [i, p] of softmax(logits).entries()) target[i] = (target[i] ?? 0) + p / quiet.length;
    const logTarget = target.map((p) => Math.log(p + 1e-12));
    const points = streamPoints(study.engine.model);
    const lanes = contenders.flatMap(({ vector }) => {
      const edits = ablate(points, [vector]);
      return loud.map(({ ids }) => ({ ids, edits }));
    });
    const results = await runLanes(study, lanes, [], "last");
    const distances = contenders.map((_, c) => {
      const each = loud.map((_, i) => klDivergence(logTarget, logSoftmax(results[c * loud.length + i]?.logits ?? [])));
      return each.reduce((sum, value) => sum + value, 0) / each.length;
    });
    const best = distances.indexOf(Math.min(...distances));
    const chosen = contenders[best];
    if (!chosen)
      throw refused(
        `component ${name}: both sets have the same activations at every place, so there is no direction between them.`,
      );
    const sets = { positive: input.positive[0]?.set ?? "", negative: input.negative[0]?.set ?? "" };
    return {
      component: {
        name,
        layer: chosen.layer,
        site: "resid_pre",
        position: chosen.position,
        vectors: [chosen.vector],
        provenance: {
          method: "contrast",
          modelHash: study.engine.model.hash,
          precision: study.engine.model.precision,
          templateHash: null,
          position: chosen.position,
          prompts: [
            { set: sets.positive, n: parts.trainPositive.length },
            { set: sets.negative, n: parts.trainNegative.length },
          ],
        },
        foundFrom: sets,
      },
      candidates: [],
      because: `Of ${contenders.length} places, ablating it at layer ${chosen.layer}, position ${chosen.position} leaves ${sets.positive} closest to ${sets.negative} (${(distances[best] ?? 0).toFixed(2)} nats).`,
      warnings: [],
    };
  },
};
