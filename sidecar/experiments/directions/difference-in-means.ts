import { refused } from "../../../shared/errors.ts";
import type { DirectionFinder, FoundDirection } from "../../../shared/plugin/direction-finder.ts";
import { type Contender, choose, scoreCandidates, selectableLayers } from "./candidate-scores.ts";
import { directionAt, splitPrompts, trainingActivations } from "./mean-directions.ts";
import { SELECTION_DEFAULTS, type SelectionBounds } from "./selection-rule.ts";

const OPTIONS = {
  kl: {
    type: "number",
    default: SELECTION_DEFAULTS.kl,
    describe: "Largest change of harmless prompts under ablation, in nats.",
  },
  induce: {
    type: "number",
    default: SELECTION_DEFAULTS.induce,
    describe: "Smallest score of harmless prompts under addition.",
  },
  prune: {
    type: "number",
    default: SELECTION_DEFAULTS.prune,
    min: 0,
    max: 0.9,
    describe: "Share of layers left out at the end.",
  },
} as const;

function boundsOf(options: Readonly<Record<string, unknown>>): SelectionBounds {
  return {
    kl: Number(options.kl ?? SELECTION_DEFAULTS.kl),
    induce: Number(options.induce ?? SELECTION_DEFAULTS.induce),
    prune: Number(options.prune ?? SELECTION_DEFAULTS.prune),
  };
}

/** Difference in means with the selection rule of Arditi et al. 2024. */
export const differenceInMeansFinder: DirectionFinder = {
  id: "difference-in-means",
  label: "Difference in means",
  describe:
    "Mean activation of refused harmful prompts minus mean of harmless ones; layer and position by the selection rule.",
  options: OPTIONS,
  passes({ positive, negative, layers, positions, options }, study) {
    const count = (prompts: typeof positive, split: string) =>
      prompts.filter((prompt) => prompt.split === split).length;
    const candidates =
      selectableLayers(study.layers, layers, boundsOf(options)).length * (positions ?? study.positions).length;
    const val = Math.max(count(positive, "val"), count(negative, "val"));
    const each = study.exhaustive ? val : Math.min(val, 10);
    return count(positive, "train") + count(negative, "train") + count(negative, "val") + candidates * each * 3;
  },
  async find(input, study): Promise<FoundDirection> {
    const { name } = input;
    const bounds = boundsOf(input.options);
    const positions = input.positions ?? study.positions;
    const layers = selectableLayers(study.engine.model.layers, input.layers, bounds);
    if (layers.length === 0) {
      throw refused(
        `component ${name}: no layer is left to look at: the model has ${study.engine.model.layers}, the last ${bounds.prune * 100}% are left out${input.layers ? `, and layers says ${input.layers.first} to ${input.layers.last}` : ""}.`,
      );
    }
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
    const search = await scoreCandidates(study, contenders, parts.valPositive, parts.valNegative, bounds);
    const { winner, because, warning } = choose(search, study.engine.model.layers, bounds);
    const chosen =
      winner && contenders.find(({ layer, position }) => layer === winner.layer && position === winner.position);
    if (!chosen)
      throw refused(`component ${name}: ${because} Loosen kl or induce on the component, or look at its prompts.`);
    return {
      component: {
        name,
        layer: chosen.layer,
        site: "resid_pre",
        position: chosen.position,
        vectors: [chosen.vector],
        provenance: {
          method: "difference-in-means",
          modelHash: study.engine.model.hash,
          precision: study.engine.model.precision,
          templateHash: null,
          position: chosen.position,
          prompts: [
            { set: input.positive[0]?.set ?? "", n: training.keptPositive.filter(Boolean).length },
            { set: input.negative[0]?.set ?? "", n: training.keptNegative.filter(Boolean).length },
          ],
        },
        foundFrom: { positive: input.positive[0]?.set ?? "", negative: input.negative[0]?.set ?? "" },
      },
      candidates: search.finalists,
      raced: search.raced,
      because,
      warnings: [...training.warnings, ...(warning === null ? [] : [`component ${name}: ${warning}`])],
    };
  },
};
