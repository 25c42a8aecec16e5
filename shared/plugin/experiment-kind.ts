import type { Options, ValuesOf } from "./options.ts";
import type { ExperimentSummary } from "./result-document.ts";
import type { PromptSetInfo, Split, Study } from "./study.ts";

/**
 * A piece of an experiment that can run alone, anywhere, and again: given the same spec, model and seed it gives the same data. What it
 * returns is appended to the run's journal as one line.
 */
export interface PlannedUnit {
  /** Unique in its experiment, and stable between runs of one spec. */
  id: string;
  /** What it does, for the progress bar. */
  label: string;
  /** Forward passes (lanes) and replies that it will take, as an estimate. */
  passes: number;
  replies: number;
  /** What `execute` needs to know; plain data. */
  input: Readonly<Record<string, unknown>>;
}

/** What a plan is made from: nothing that needs a pass. */
export interface PlanInput<Config> {
  name: string;
  config: Config;
  layers: number;
  /** Number of post-instruction positions. */
  positions: readonly number[];
  sets: readonly PromptSetInfo[];
  /** Ids of the spec's readings. */
  readings: readonly string[];
  /** Prompts per set and split. */
  count(set: string, split?: Split): number;
  exhaustive: boolean;
}

/** Plain data, kept as JSON. */
export type UnitData = Readonly<Record<string, unknown>>;

export interface SummariseInput<Config> {
  name: string;
  config: Config;
  /** Data by unit, in the plan's order. */
  results: ReadonlyMap<string, UnitData>;
  seed: number;
}

/** One kind of experiment: what can be set, which units it consists of, what each computes, and what follows from all of them. */
export interface ExperimentKind<Config = Readonly<Record<string, unknown>>> {
  id: string;
  label: string;
  /** The question it answers, as one sentence. */
  describe: string;
  options: Options;
  plan(input: PlanInput<Config>): PlannedUnit[] | Promise<PlannedUnit[]>;
  execute(unit: PlannedUnit, study: Study, config: Config): Promise<UnitData>;
  /** Figures and verdicts; needs no model, so that it can be made again from a journal. */
  summarise(input: SummariseInput<Config>): ExperimentSummary | Promise<ExperimentSummary>;
}

/** Types an experiment kind by its own options. */
export function defineExperiment<const O extends Options>(
  kind: Omit<ExperimentKind<ValuesOf<O>>, "options"> & { options: O },
): ExperimentKind {
  // Values reach the kind only after its own options have validated them.
  return kind as ExperimentKind;
}
