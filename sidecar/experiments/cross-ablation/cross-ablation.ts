import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import { BATTERY_DEFAULTS } from "../../statistics/battery/battery-options.ts";
import { firstPrunedLayer, SELECTION_DEFAULTS } from "../directions/selection-rule.ts";
import { type Contestant, type LayerData, layerBattery } from "./layer-battery.ts";
import { type PushData, pushAndSteer } from "./push.ts";
import { summariseCrossAblation } from "./summarise.ts";

const PUSH = "push";

const bound = (name: keyof typeof BATTERY_DEFAULTS, describe: string) =>
  ({ type: "number", default: BATTERY_DEFAULTS[name], min: 0, max: 1, describe }) as const;

/** Are components causally distinct, or is there one cause under distinct shapes? The battery of the methods, by layer. */
export const crossAblation = defineExperiment({
  id: "cross-ablation",
  label: "Cross-ablation",
  describe: "Are the components causally distinct, or is there one cause under distinct shapes? By layer.",
  options: {
    components: {
      type: "components",
      minItems: 2,
      required: true,
      describe: "Components to compare, found from prompts.",
    },
    prompts: {
      type: "prompt-sets",
      minItems: 2,
      required: true,
      describe: "Category of each component, in the same order.",
    },
    layers: { type: "integers", default: [], describe: "Layers to judge; all below 0.8 of the depth where empty." },
    controls: {
      type: "integer",
      default: 3,
      min: 1,
      max: 30,
      describe: "Control directions: random, of the data's covariance, between harmless topics, in turn.",
    },
    replies: {
      type: "integer",
      default: 6,
      min: 0,
      describe: "Replies of each cell that are decoded and held against the score.",
    },
    pushes: {
      type: "integer",
      default: 24,
      min: 0,
      describe:
        "Test prompts of each category on which each component is also subtracted once, and added to matched harmless ones; 0 leaves it out.",
    },
    shapeBound: bound("shapeBound", "Cosine that parts distinct shapes from one."),
    absentBelow: bound("absentBelow", "A cross-effect below this share of the own effect is absent."),
    equivalentWithin: bound("equivalentWithin", "Directions whose effects differ by less are equivalent."),
    commonAtLeast: bound("commonAtLeast", "A common cause keeps at least this share of the own effect."),
    inertBelow: bound("inertBelow", "A private part with less of the own effect is inert."),
    sufficientAtLeast: bound("sufficientAtLeast", "A private part with at least as much is sufficient."),
  },
  plan({ config, layers, positions, count }) {
    const end = firstPrunedLayer(layers, SELECTION_DEFAULTS.prune);
    const chosen = config.layers.length > 0 ? config.layers : Array.from({ length: end }, (_, layer) => layer).slice(1);
    const bad = chosen.find((layer) => layer < 0 || layer >= layers);
    if (bad !== undefined) throw refused(`layers: the model has layers 0 to ${layers - 1}, found ${bad}.`);
    if (config.components.length !== config.prompts.length) {
      throw refused(
        `prompts: ${config.components.length} components need as many prompt sets, in the same order; found ${config.prompts.length}.`,
      );
    }
    const empty = config.prompts.find((set) => count(set, "test") === 0 || count(set, "val") === 0);
    if (empty !== undefined) {
      throw refused(
        `prompts: ${empty} has ${count(empty, "train")} train, ${count(empty, "val")} val and ${count(empty, "test")} test prompts; the battery selects on val and reports on test, and 64 test prompts of each category decide most cases.`,
      );
    }
    const test = config.prompts.reduce((sum, set) => sum + count(set, "test"), 0);
    const val = config.prompts.reduce((sum, set) => sum + count(set, "val"), 0);
    const pairs = (config.components.length * (config.components.length - 1)) / 2;
    const ownRows = 1 + config.components.length + config.controls;
    const perPair = (2 / config.prompts.length) * (2 * test + val) + 12 * 6 * positions.length;
    const push: PlannedUnit = {
      id: PUSH,
      label: "pushing and steering",
      // Each category's prompts with every row subtracted, and about as many harmless ones with it added.
      passes: 2 * ownRows * config.prompts.reduce((sum, set) => sum + Math.min(config.pushes, count(set, "test")), 0),
      replies: config.replies * config.prompts.length * (ownRows + 1 + config.components.length),
      input: {},
    };
    const battery = chosen.map(
      (layer): PlannedUnit => ({
        id: `layer-${layer}`,
        label: `ablating at layer ${layer}`,
        passes: Math.round(val * (positions.length + 1) + ownRows * test + pairs * perPair),
        replies: config.replies * config.prompts.length * (ownRows + 2 * (config.components.length - 1)),
        input: { layer, layers: chosen },
      }),
    );
    return config.pushes > 0 ? [...battery, push] : battery;
  },
  async execute(unit, study, config) {
    const contestants: Contestant[] = [];
    for (const [i, name] of config.components.entries()) {
      const category = config.prompts[i] ?? "";
      const prompts = await study.prompts(category);
      contestants.push({
        component: await study.component(name),
        category,
        val: prompts.filter(({ split, harmful }) => split === "val" && harmful !== false),
        test: prompts.filter(({ split, harmful }) => split === "test" && harmful !== false),
      });
    }
    if (unit.id === PUSH) {
      const data: PushData = await pushAndSteer(study, contestants, config);
      return { ...data };
    }
    const { shapeBound, absentBelow, equivalentWithin, commonAtLeast, inertBelow, sufficientAtLeast } = config;
    const data: LayerData = await layerBattery(study, contestants, Number(unit.input.layer), {
      controls: config.controls,
      replies: config.replies,
      bounds: { shapeBound, absentBelow, equivalentWithin, commonAtLeast, inertBelow, sufficientAtLeast },
      layers: unit.input.layers as number[],
    });
    return { ...data, modelLayers: study.engine.model.layers } satisfies UnitData;
  },
  summarise({ config, results }) {
    const layers = [...results]
      .filter(([id]) => id !== PUSH)
      .map(([, data]) => data as UnitData & LayerData & { modelLayers: number });
    const push = results.get(PUSH) as (UnitData & PushData) | undefined;
    return summariseCrossAblation(config.components, config.prompts, layers, push ?? null);
  },
});
