import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { seeded } from "../../statistics/random.ts";
import { firstPrunedLayer, SELECTION_DEFAULTS } from "../directions/selection-rule.ts";
import { ablate, NO_EDITS } from "../study/edit-rows.ts";
import { type NamedEdits, outcomesOf, rate } from "../study/outcomes.ts";
import { sample } from "../study/sample.ts";
import { type AloneEffect, aloneEffects } from "./alone-effects.ts";
import { type ComponentFeatures, dictionaryAt, findFeatures } from "./find-features.ts";
import type { FeaturesData, LayerFeatures } from "./layer-features.ts";
import { overlapsOf } from "./overlaps.ts";
import { summariseFeatures } from "./summarise.ts";

/** A smaller set is chosen where it keeps this share of the largest set's effect on validation prompts. */
const ENOUGH = 0.9;
/** Controls are drawn among this many features whose density is nearest. */
const NEAREST = 24;

/** Which features of a dictionary carry a component, and does ablating them take down its own category alone? */
export const features = defineExperiment({
  id: "features",
  label: "Features",
  describe:
    "Which features of a dictionary carry a component, and does ablating them take down its own category alone?",
  options: {
    components: { type: "components", minItems: 1, required: true, describe: "Components to find features for." },
    prompts: {
      type: "prompt-sets",
      minItems: 1,
      required: true,
      describe: "Category of each component, in the same order, each with its matched harmless set.",
    },
    others: {
      type: "prompt-sets",
      minItems: 0,
      default: [],
      describe: "Further categories that each set of features is tried on.",
    },
    dictionaries: {
      type: "file",
      required: true,
      describe: "Folder of a dictionary or of a suite, relative to the spec.",
    },
    layers: { type: "integers", default: [], describe: "Layers to look at; all below 0.8 of the depth where empty." },
    most: { type: "integer", default: 16, min: 1, max: 64, describe: "Largest set of features that is tried." },
    take: { type: "integer", default: 48, min: 4, describe: "Training prompts of each set." },
    controls: {
      type: "integer",
      default: 3,
      min: 1,
      max: 30,
      describe: "Random sets of features of the same density, per component.",
    },
    replies: {
      type: "integer",
      default: 0,
      min: 0,
      describe: "Replies of each cell that are decoded and held against the score.",
    },
    absentBelow: {
      type: "number",
      default: 0.2,
      min: 0,
      max: 1,
      describe: "An effect on another category below this share of that category's own effect is absent.",
    },
  },
  plan({ config, layers, count }) {
    if (config.components.length !== config.prompts.length) {
      throw refused(
        `prompts: ${config.components.length} components need as many prompt sets, in the same order; found ${config.prompts.length}.`,
      );
    }
    const empty = config.prompts.find(
      (set) => count(set, "train") === 0 || count(set, "val") === 0 || count(set, "test") === 0,
    );
    if (empty !== undefined) {
      throw refused(
        `prompts: ${empty} has ${count(empty, "train")} train, ${count(empty, "val")} val and ${count(empty, "test")} test prompts; features are found on train, sets chosen on val and judged on test.`,
      );
    }
    const end = firstPrunedLayer(layers, SELECTION_DEFAULTS.prune);
    const chosen = config.layers.length > 0 ? config.layers : Array.from({ length: end }, (_, layer) => layer);
    const bad = chosen.find((layer) => layer < 0 || layer >= layers);
    if (bad !== undefined) throw refused(`layers: the model has layers 0 to ${layers - 1}, found ${bad}.`);
    const repeated = config.others.find((set) => config.prompts.includes(set));
    if (repeated !== undefined) throw refused(`others: ${repeated} is among the prompts already.`);
    const untested = config.others.find((set) => count(set, "test") === 0);
    if (untested !== undefined) throw refused(`others: ${untested} has no test prompt to try the features on.`);
    const sets = config.prompts;
    const tested = [...sets, ...config.others];
    const test = tested.reduce((sum, set) => sum + count(set, "test"), 0);
    const val = sets.reduce((sum, set) => sum + count(set, "val"), 0);
    const rows = 1 + sets.length * (2 + config.controls);
    return chosen.map(
      (layer): PlannedUnit => ({
        id: `layer-${layer}`,
        label: `features at layer ${layer}`,
        passes: Math.round(2 * sets.length * config.take + val * (2 + sizes(config.most).length) + rows * test),
        replies: config.replies * rows * tested.length,
        input: { layer },
      }),
    );
  },
  async execute(unit, study, config) {
    const layer = Number(unit.input.layer);
    const suite = await study.dictionaries(config.dictionaries);
    const dictionary = dictionaryAt(suite, layer, study.engine.model.hookPoints);
    if (dictionary === null) return { layer, absent: true };
    if (dictionary.dIn !== study.engine.model.dModel) {
      throw refused(
        `${dictionary.path}: reads ${dictionary.dIn} dimensions, expected ${study.engine.model.dModel} (d_model of the model).`,
      );
    }
    const found: ComponentFeatures[] = [];
    const chosen: number[][] = [];
    const alone: AloneEffect[][] = [];
    for (const [k, name] of config.components.entries()) {
      const set = config.prompts[k] as string;
      const matched =
        study.sets.find((info) => info.name === set)?.matched ?? (await study.component(name)).foundFrom?.negative;
      if (!matched) throw refused(`prompts: ${set} has no matched harmless set (matched: NAME).`);
      const train = (prompts: readonly StudyPrompt[]) =>
        sample(
          prompts.filter(({ split }) => split === "train"),
          config.take,
          study.seed,
        );
      const one = await findFeatures(
        study,
        dictionary,
        train(await study.prompts(set)),
        train(await study.prompts(matched)),
      );
      found.push(one);
      const val = (await study.prompts(set)).filter(({ split }) => split === "val");
      const ranked = one.found.slice(0, config.most).map(({ feature }) => feature);
      const tried: NamedEdits[] = [{ name: "baseline", edits: NO_EDITS }];
      for (const size of sizes(ranked.length)) {
        const edits = await study.scaleFeatures(dictionary, ranked.slice(0, size), 0);
        tried.push({ name: String(size), edits });
      }
      const [before, ...after] = await outcomesOf(study, val, tried);
      const enough = ranked.slice(0, smallestEnough(rate(before?.refused ?? []), after));
      chosen.push(enough);
      alone.push(await aloneEffects(study, dictionary, { set: enough, val, before, together: after }));
    }
    const test: { set: string; prompt: StudyPrompt }[] = [];
    for (const set of [...config.prompts, ...config.others]) {
      for (const prompt of await study.prompts(set)) if (prompt.split === "test") test.push({ set, prompt });
    }
    const taken = new Set([
      ...chosen.flat(),
      ...found.flatMap((one) => one.found.slice(0, config.most).map(({ feature }) => feature)),
    ]);
    const conditions: NamedEdits[] = [{ name: "baseline", edits: NO_EDITS }];
    const controls: number[][][] = [];
    for (const [k, name] of config.components.entries()) {
      const one = found[k] as ComponentFeatures;
      controls.push([]);
      conditions.push({ name: `features/${name}`, edits: await study.scaleFeatures(dictionary, chosen[k] ?? [], 0) });
      conditions.push({ name: `direction/${name}`, edits: ablate([dictionary.reads], [one.direction]) });
      for (let c = 0; c < config.controls; c++) {
        const control = sameDensity(chosen[k] ?? [], one.density, taken, study.seed, `${name}/${c}`);
        controls[k]?.push(control);
        conditions.push({ name: `random/${name}/${c}`, edits: await study.scaleFeatures(dictionary, control, 0) });
      }
    }
    const outcomes = await outcomesOf(
      study,
      test.map(({ prompt }) => prompt),
      conditions,
      { replies: config.replies },
    );
    const overlaps = await overlapsOf(study, dictionary, {
      chosen,
      controls,
      directions: found.map(({ direction }) => direction),
    });
    const data: LayerFeatures = {
      layer,
      at: dictionary.reads,
      features: dictionary.features,
      components: config.components.map((name, k) => {
        const one = found[k] as ComponentFeatures;
        return {
          name,
          set: config.prompts[k] as string,
          chosen: one.found.filter(({ feature }) => chosen[k]?.includes(feature)),
          alone: alone[k] ?? [],
          explained: one.explained,
          refused: one.refused,
          complied: one.complied,
          dead: one.density.filter((share) => share === 0).length,
        };
      }),
      overlaps,
      prompts: test.map(({ set, prompt }) => ({ set, id: prompt.id, text: prompt.text, base: prompt.base })),
      outcomes,
    };
    return { ...data };
  },
  summarise: ({ results, config }) =>
    summariseFeatures(
      [...results.values()].map((data) => data as UnitData & FeaturesData),
      config,
    ),
});

function sizes(most: number): number[] {
  const found: number[] = [];
  for (let size = 1; size < most; size *= 2) found.push(size);
  return most > 0 ? [...found, most] : [];
}

/** The smallest tried set that keeps most of the largest effect. */
function smallestEnough(before: number, after: readonly { condition: string; refused: readonly boolean[] }[]): number {
  const drops = after.map(({ condition, refused: still }) => ({ size: Number(condition), drop: before - rate(still) }));
  const best = Math.max(0, ...drops.map(({ drop }) => drop));
  const enough = drops.find(({ drop }) => best > 0 && drop >= ENOUGH * best);
  return enough?.size ?? drops[0]?.size ?? 0;
}

/** For each feature of a set another one that fires about as often and is in no set, drawn with the seed. */
function sameDensity(
  set: readonly number[],
  density: Float32Array,
  taken: ReadonlySet<number>,
  seed: Study["seed"],
  label: string,
): number[] {
  const random = seeded(seed, `same-density/${label}`);
  const drawn = new Set<number>();
  for (const feature of set) {
    const own = density[feature] ?? 0;
    const nearest = Array.from(density.keys())
      .filter((j) => !taken.has(j) && !drawn.has(j) && (density[j] as number) > 0)
      .sort((a, b) => Math.abs((density[a] as number) - own) - Math.abs((density[b] as number) - own))
      .slice(0, NEAREST);
    const one = nearest[random.below(Math.max(1, nearest.length))];
    if (one !== undefined) drawn.add(one);
  }
  return [...drawn];
}
