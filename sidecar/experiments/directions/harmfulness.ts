import { refused } from "../../../shared/errors.ts";
import type { DirectionFinder, FoundDirection } from "../../../shared/plugin/direction-finder.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { auc } from "../../statistics/auc.ts";
import { dot, norm } from "../../statistics/vectors.ts";
import { activationsAt, captureActivations, INSTRUCTION } from "../study/stored-activations.ts";
import { selectableLayers } from "./candidate-scores.ts";
import { splitPrompts } from "./mean-directions.ts";

const NO_BOUNDS = { kl: 0, induce: 0, prune: 0.2 };

/**
 * What the model takes for harmful (Zhao et al. 2025): difference in means of harmful and harmless prompts at the last instruction token,
 * refused or not; the first layer at which validation prompts are told apart as well as anywhere (AUC within .02 of the best).
 */
export const harmfulnessFinder: DirectionFinder = {
  id: "harmfulness",
  label: "Harmfulness",
  describe:
    "Difference in means at the last token of the instruction, refused or not: what the model reads as harmful.",
  options: {},
  passes: ({ positive, negative }) => positive.length + negative.length,
  async find(input, study): Promise<FoundDirection> {
    const { name } = input;
    const layers = selectableLayers(study.engine.model.layers, input.layers, NO_BOUNDS).filter((layer) => layer > 0);
    const parts = splitPrompts(name, input.positive, input.negative);
    const capture = (prompts: typeof parts.trainPositive) =>
      captureActivations(study, prompts, { layers, positions: [INSTRUCTION] });
    const [positive, negative] = [await capture(parts.trainPositive), await capture(parts.trainNegative)];
    const val = await capture([...parts.valPositive, ...parts.valNegative]);
    const labels = val.prompts.map((_, i) => i < parts.valPositive.length);
    const places = layers.map((layer) => {
      const vector = Float32Array.from(
        differenceInMeans({
          positive: activationsAt(positive, layer, INSTRUCTION),
          negative: activationsAt(negative, layer, INSTRUCTION),
        }),
      );
      const rows = val.byLayer.get(layer) ?? [];
      return {
        layer,
        vector,
        area: auc(
          rows.map((row) => dot(row, vector)),
          labels,
        ),
      };
    });
    const best = Math.max(...places.map(({ area }) => area));
    const chosen = places.find(({ area, vector }) => area >= best - 0.02 && norm(vector) > 1e-6);
    if (!chosen)
      throw refused(
        `component ${name}: harmful and harmless prompts have the same activations at the last instruction token.`,
      );
    const sets = { positive: input.positive[0]?.set ?? "", negative: input.negative[0]?.set ?? "" };
    return {
      component: {
        name,
        layer: chosen.layer,
        site: "resid_pre",
        position: null,
        vectors: [chosen.vector],
        provenance: {
          method: "harmfulness",
          modelHash: study.engine.model.hash,
          precision: study.engine.model.precision,
          templateHash: null,
          position: null,
          prompts: [
            { set: sets.positive, n: parts.trainPositive.length },
            { set: sets.negative, n: parts.trainNegative.length },
          ],
        },
        foundFrom: sets,
      },
      candidates: [],
      because: `Layer ${chosen.layer} is the first whose AUC on validation prompts (${chosen.area.toFixed(2)}) is within .02 of the best (${best.toFixed(2)}).`,
      warnings: [],
    };
  },
};
