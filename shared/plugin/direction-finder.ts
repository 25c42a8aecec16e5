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

/** A candidate that left a search early, with what it had been scored on by then. */
export interface RacedCandidate {
  candidate: Candidate;
  /** Validation prompts of each kind that its scores rest on, at most. */
  prompts: number;
  why: string;
}

/** What the search for a component looked at. */
export interface SearchRecord {
  /** Scored on every validation prompt. */
  candidates: readonly Candidate[];
  raced: readonly RacedCandidate[];
  because: string;
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
  /** Every candidate that was scored on all validation prompts, so that the selection can be made again. */
  candidates: readonly Candidate[];
  /** Candidates that left early; their scores rest on fewer prompts, so that no selection is made among them. */
  raced?: readonly RacedCandidate[];
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
