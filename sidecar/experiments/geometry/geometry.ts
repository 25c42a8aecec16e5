import { refused } from "../../../shared/errors.ts";
import type { Component } from "../../../shared/plugin/component.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Study } from "../../../shared/plugin/study.ts";
import { type DirectionSamples, differenceInMeans, meanRow } from "../../statistics/activations.ts";
import { BATTERY_DEFAULTS } from "../../statistics/battery/battery-options.ts";
import { shapes } from "../../statistics/battery/shapes.ts";
import { participationRatio } from "../../statistics/effective-rank.ts";
import type { Figure } from "../../statistics/figure.ts";
import { cosine } from "../../statistics/vectors.ts";
import { componentTraining, directionAt, samplesAt, type TrainingActivations } from "../directions/mean-directions.ts";
import { eraseAndProbe } from "./erasure.ts";
import { independence } from "./independence.ts";
import { principalIntervals } from "./principal-intervals.ts";
import { type GeometryData, summariseGeometry } from "./summarise.ts";

interface Member {
  name: string;
  component: Component;
  layer: number;
  position: number;
  training: TrainingActivations;
}

async function members(study: Study, names: readonly string[], layers: readonly number[]): Promise<Member[]> {
  const found: Member[] = [];
  for (const name of names) {
    const component = await study.component(name);
    const training = await componentTraining(study, component, layers);
    found.push({ name, component, layer: component.layer, position: component.position ?? -1, training });
  }
  return found;
}

function pairAt(a: Member, b: Member, layer: number, shapeBound: number) {
  const samples: [DirectionSamples, DirectionSamples] = [
    samplesAt(a.training, layer, a.position),
    samplesAt(b.training, layer, b.position),
  ];
  return { samples, half: shapes([a.name, b.name], samples, { shapeBound }) };
}

/** Cosine that the two have when both are measured against one pooled harmless mean: the offset that matched baselines take away. */
function sharedBaseline([a, b]: readonly [DirectionSamples, DirectionSamples]): number {
  const pooled = meanRow({
    data: Float64Array.from([...a.negative.data, ...b.negative.data]),
    d: a.negative.d,
    base: [...a.negative.base, ...b.negative.base],
  });
  const against = (samples: DirectionSamples) => meanRow(samples.positive).map((x, j) => x - (pooled[j] ?? 0));
  return cosine(against(a), against(b));
}

/** Are the directions distinct? Cosines freed of noise, their controls, principal angles, effective rank; by layer. */
export const geometry = defineExperiment({
  id: "geometry",
  label: "Geometry",
  describe: "Are the components' directions distinct shapes, or one?",
  options: {
    components: {
      type: "components",
      minItems: 2,
      required: true,
      describe: "Components to compare, found from prompts.",
    },
    layer: {
      type: "integer",
      optional: true,
      min: 0,
      describe: "Layer of the verdict; the later of a pair's own layers where absent.",
    },
    shapeBound: {
      type: "number",
      default: BATTERY_DEFAULTS.shapeBound,
      min: 0,
      max: 1,
      describe: "Cosine that parts distinct shapes from one.",
    },
    independence: {
      type: "integer",
      default: 24,
      min: 0,
      describe: "Test prompts on which each component is read while the others are ablated; 0 leaves it out.",
    },
  },
  plan({ config, layers }) {
    if (config.layer !== undefined && config.layer >= layers)
      throw refused(`layer: the model has layers 0 to ${layers - 1}, found ${config.layer}.`);
    const unit: PlannedUnit = {
      id: "shapes",
      label: "comparing directions",
      passes: (128 + config.independence * (config.components.length + 2)) * config.components.length,
      replies: 0,
      input: {},
    };
    return [unit];
  },
  async execute(_, study, config) {
    const count = study.engine.model.layers;
    // The layers of the finder and of the battery, so that one capture serves them all; the rest of the profile comes with it.
    const layers = Array.from({ length: count }, (_, layer) => layer).slice(1);
    const all = await members(study, config.components, layers);
    const data: GeometryData = {
      layers,
      pairs: [],
      independence: config.independence > 0 ? await independence(study, all, layers, config.independence) : [],
      effectiveRank: 0,
      directions: all.map(({ name, layer, position }) => ({ name, layer, position })),
    };
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) {
        const layer = config.layer ?? Math.max(1, a.layer, b.layer);
        const { samples, half } = pairAt(a, b, layer, config.shapeBound);
        const n = samples[0].positive.base.length + samples[1].positive.base.length;
        const controls: Figure[] = [
          {
            name: "cosine against one harmless mean",
            of: [a.name, b.name],
            estimate: sharedBaseline(samples),
            low: Number.NaN,
            high: Number.NaN,
            n,
            unit: "cosine",
          },
          {
            name: "cosine between harmless topics",
            of: [a.name, b.name],
            estimate: cosine(
              differenceInMeans({ positive: samples[0].negative, negative: samples[1].negative }),
              differenceInMeans(samples[0]),
            ),
            low: Number.NaN,
            high: Number.NaN,
            n,
            unit: "cosine",
          },
        ];
        data.pairs.push({
          of: [a.name, b.name],
          layer,
          verdict: half.verdict,
          because: half.because,
          figures: [...half.figures, ...controls],
          principal: principalIntervals(samples[0], samples[1]),
          erasure: [
            eraseAndProbe({ name: a.name, samples: samples[0] }, { name: b.name, samples: samples[1] }, study.seed),
            eraseAndProbe({ name: b.name, samples: samples[1] }, { name: a.name, samples: samples[0] }, study.seed),
          ],
          profile: layers.map((at) => {
            const cosineFigure = pairAt(a, b, at, config.shapeBound).half.figures.find(({ name }) => name === "cosine");
            return cosineFigure
              ? { estimate: cosineFigure.estimate, low: cosineFigure.low, high: cosineFigure.high }
              : null;
          }),
        });
      }
    }
    const layer = config.layer ?? Math.max(1, ...all.map((one) => one.layer));
    const vectors = all.flatMap((one) => directionAt(one.training, layer, one.position) ?? []);
    data.effectiveRank = vectors.length > 0 ? participationRatio(vectors) : 0;
    return { ...data };
  },
  summarise: ({ results, config }) =>
    summariseGeometry([...results.values()][0] as UnitData & GeometryData, config.components),
});
