import { refused } from "../../shared/errors.ts";
import type { PlannedUnit } from "../../shared/plugin/experiment-kind.ts";
import { type Options, referredList } from "../../shared/plugin/options.ts";
import type { PromptSetInfo, Split, StudyPrompt } from "../../shared/plugin/study.ts";
import { isFound, type Spec } from "../../shared/spec/spec-schema.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { componentOrder } from "./make-components.ts";

/** One experiment of a plan. `@model` and `@components` come before those of the spec. */
export interface PlannedExperiment {
  name: string;
  kind: string;
  config: Readonly<Record<string, unknown>>;
  units: PlannedUnit[];
}

/** Units that can run one by one, in this order or on several machines once those of `@model` and `@components` are there. */
export interface RunPlan {
  experiments: PlannedExperiment[];
  components: string[];
  passes: number;
  replies: number;
}

export const MODEL = "@model";
export const COMPONENTS = "@components";

function setInfos(spec: Spec): PromptSetInfo[] {
  return Object.entries(spec.prompts).map(([name, set]) => ({
    name,
    harmful: set.harmful ?? null,
    matched: set.matched ?? null,
  }));
}

function namesIn(values: Readonly<Record<string, unknown>>, options: Options, list: string): string[] {
  return Object.entries(options).flatMap(([key, option]) => {
    if (referredList(option) !== list) return [];
    const value = values[key];
    return value === undefined ? [] : [value].flat().map(String);
  });
}

/** Every component that an experiment, or a condition that it uses, names. */
function neededComponents(spec: Spec, registry: PluginRegistry): string[] {
  const needed = new Set<string>();
  for (const experiment of Object.values(spec.experiments)) {
    const { options } = registry.find("experiments", experiment.kind);
    for (const name of namesIn(experiment, options, "components")) needed.add(name);
    for (const name of namesIn(experiment, options, "conditions")) {
      for (const edit of spec.conditions[name] ?? [])
        if ("component" in edit && edit.component) needed.add(edit.component);
    }
  }
  return [...needed];
}

/** Prompt sets that a run reads: those of its experiments and components, with their matched partners. */
export function neededSets(spec: Spec, registry: PluginRegistry): string[] {
  const sets = new Set<string>();
  for (const name of componentOrder(spec, neededComponents(spec, registry))) {
    const component = spec.components[name];
    if (component && isFound(component)) sets.add(component.positive).add(component.negative);
  }
  for (const experiment of Object.values(spec.experiments)) {
    const { options } = registry.find("experiments", experiment.kind);
    for (const name of namesIn(experiment, options, "prompts")) sets.add(name);
  }
  for (const name of [...sets]) {
    const matched = spec.prompts[name]?.matched;
    if (matched !== undefined) sets.add(matched);
  }
  return [...sets];
}

export interface PlanContext {
  spec: Spec;
  registry: PluginRegistry;
  layers: number;
  positions: readonly number[];
  sets: ReadonlyMap<string, readonly StudyPrompt[]>;
  exhaustive: boolean;
}

/** Lists every unit of a run. Refused where prompts do not suffice for a component, or the budget for the plan. */
export async function planRun(context: PlanContext): Promise<RunPlan> {
  const { spec, registry, layers, positions, sets, exhaustive } = context;
  const count = (set: string, split?: Split) =>
    (sets.get(set) ?? []).filter((prompt) => split === undefined || prompt.split === split).length;
  const components = componentOrder(spec, neededComponents(spec, registry));
  const problems = components.flatMap((name) => {
    const component = spec.components[name];
    if (!component || !isFound(component)) return [];
    const few = [component.positive, component.negative].some(
      (set) => count(set, "train") < 2 || count(set, "val") < 1,
    );
    if (!few) return [];
    const counted = [component.positive, component.negative]
      .map(
        (set) =>
          `${set} has ${count(set, "train")} train, ${count(set, "val")} val and ${count(set, "test")} test prompts`,
      )
      .join(", ");
    return [
      `components.${name}: ${counted}; finding a direction needs at least 2 train and 1 val of each, and 64, 32 and 64 to conclude much.`,
    ];
  });
  if (problems.length > 0) throw refused(problems.join("\n"));
  const found = components.map((name): PlannedUnit => {
    const component = spec.components[name];
    const passes =
      component && isFound(component)
        ? registry.find("finders", component.find).passes(
            {
              name,
              positive: sets.get(component.positive) ?? [],
              negative: sets.get(component.negative) ?? [],
              layers: component.layers ? { first: component.layers[0], last: component.layers[1] } : null,
              positions: component.positions ?? null,
              options: component,
            },
            { positions, exhaustive, layers },
          )
        : 0;
    return { id: name, label: `finding ${name}`, passes, replies: 0, input: {} };
  });
  const model: PlannedExperiment = {
    name: MODEL,
    kind: "refusal-tokens",
    config: {},
    units: [{ id: "refusal-tokens", label: "finding how this model refuses", passes: 108, replies: 108, input: {} }],
  };
  const experiments: PlannedExperiment[] = [model];
  if (found.length > 0) experiments.push({ name: COMPONENTS, kind: "directions", config: {}, units: found });
  for (const [name, { kind, ...config }] of Object.entries(spec.experiments)) {
    const definition = registry.find("experiments", kind);
    const units = await definition.plan({
      ...{ name, config, layers, positions, sets: setInfos(spec), count, exhaustive },
      readings: spec.readings,
    });
    experiments.push({ name, kind, config, units });
  }
  const all = experiments.flatMap(({ units }) => units);
  const passes = all.reduce((sum, unit) => sum + unit.passes, 0);
  const replies = all.reduce((sum, unit) => sum + unit.replies, 0);
  if (spec.budget.passes !== undefined && passes + replies > spec.budget.passes) {
    throw refused(
      `budget.passes: the plan takes about ${passes} forward passes and ${replies} replies, the budget allows ${spec.budget.passes}. Raise it, take fewer prompts (limit), or fewer layers.`,
    );
  }
  return { experiments, components, passes, replies };
}
