import { refused } from "../../../shared/errors.ts";
import type { DirectionFinder, FoundDirection } from "../../../shared/plugin/direction-finder.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { probe } from "../../statistics/probe.ts";
import { seeded } from "../../statistics/random.ts";
import { dot, norm, unit } from "../../statistics/vectors.ts";
import { selectableLayers } from "./candidate-scores.ts";
import { samplesAt, splitPrompts, trainingActivations } from "./mean-directions.ts";

const NO_BOUNDS = { kl: 0, induce: 0, prune: 0.2 };

/** A linear probe: L2 logistic regression, five folds that keep bases whole; the place with the best held-out AUC, the earliest of equals. */
export const probeFinder: DirectionFinder = {
  id: "probe",
  label: "Probe",
  describe: "Direction of an L2 logistic regression between the two sets; the place with the best cross-validated AUC.",
  options: { c: { type: "number", default: 1, min: 0, describe: "Inverse strength of the penalty." } },
  passes: ({ positive, negative }) => positive.length + negative.length,
  async find(input, study): Promise<FoundDirection> {
    const { name } = input;
    const positions = input.positions ?? study.positions;
    const layers = selectableLayers(study.engine.model.layers, input.layers, NO_BOUNDS).filter((layer) => layer > 0);
    const parts = splitPrompts(name, input.positive, input.negative);
    const training = await trainingActivations(study, name, parts.trainPositive, parts.trainNegative, {
      layers,
      positions,
    });
    let best: { layer: number; position: number; auc: number; vector: Float32Array } | null = null;
    for (const layer of layers) {
      for (const position of positions) {
        const samples = samplesAt(training, layer, position);
        const { positive, negative } = samples;
        const data = new Float64Array(positive.data.length + negative.data.length);
        data.set(positive.data);
        data.set(negative.data, positive.data.length);
        const difference = differenceInMeans(samples);
        if (norm(difference) < 1e-6) continue;
        const result = probe(
          { data, d: positive.d, base: [...positive.base, ...negative.base] },
          [...positive.base.map(() => true), ...negative.base.map(() => false)],
          { random: seeded(study.seed, `probe/${name}/${layer}/${position}`), c: Number(input.options.c ?? 1) },
        );
        if (best && !(result.auc > best.auc + 1e-9)) continue;
        // A probe's length means nothing: it takes the length along it that parts the two means.
        const axis = unit(result.direction);
        const length = dot(difference, axis);
        best = { layer, position, auc: result.auc, vector: Float32Array.from(axis, (x) => x * length) };
      }
    }
    if (!best)
      throw refused(`component ${name}: its sets have the same activations at every place that may be chosen.`);
    const sets = { positive: input.positive[0]?.set ?? "", negative: input.negative[0]?.set ?? "" };
    return {
      component: {
        name,
        layer: best.layer,
        site: "resid_pre",
        position: best.position,
        vectors: [best.vector],
        provenance: {
          method: "probe",
          modelHash: study.engine.model.hash,
          precision: study.engine.model.precision,
          templateHash: null,
          position: best.position,
          prompts: [
            { set: sets.positive, n: training.keptPositive.filter(Boolean).length },
            { set: sets.negative, n: training.keptNegative.filter(Boolean).length },
          ],
        },
        foundFrom: sets,
      },
      candidates: [],
      because: `Layer ${best.layer}, position ${best.position} has the best held-out AUC (${best.auc.toFixed(2)}).`,
      warnings: training.warnings,
    };
  },
};
