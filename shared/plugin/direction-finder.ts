import type { Component } from "./component.ts";
import type { Options } from "./options.ts";
import type { Study, StudyPrompt } from "./study.ts";

/** One (position, layer) that a search looked at, in the reference implementation's names; null where the value is not a number. */
export interface Candidate {
  position: number;
  layer: number;
  refusal_score: number | null;
  steering_score: number | null;
  kl_div_score: number | null;
}

export interface FinderInput {
  name: string;
  positive: readonly StudyPrompt[];
  negative: readonly StudyPrompt[];
  /** Which layers and positions may be looked at; null for all. */
  layers: { first: number; last: number } | null;
  positions: readonly number[] | null;
  options: Readonly<Record<string, unknown>>;
}

export interface FoundDirection {
  component: Component;
  /** Every candidate with its scores, so that the selection can be made again. */
  candidates: readonly Candidate[];
  /** How it was chosen, in words. */
  because: string;
  warnings: readonly string[];
}

/** Finds a component's direction from two prompt sets: fits on train, selects on val. */
export interface DirectionFinder {
  id: string;
  label: string;
  describe: string;
  options: Options;
  /** How many forward passes it will take at most. */
  passes(input: FinderInput, study: Pick<Study, "positions" | "exhaustive"> & { layers: number }): number;
  /** Refused, with the counts, where the prompts do not suffice. */
  find(input: FinderInput, study: Study): Promise<FoundDirection>;
}
