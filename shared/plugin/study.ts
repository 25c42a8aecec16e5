import type { Engine } from "../engine/engine.ts";
import type { Site } from "../engine/hook-point.ts";
import type { LaneEdits } from "../engine/slot-row.ts";
import type { Taxonomy } from "../spec/taxonomy.ts";
import type { Component } from "./component.ts";
import type { Dictionary } from "./dictionary-format.ts";
import type { SearchRecord } from "./direction-finder.ts";
import type { Score, ScorerInput } from "./scorer.ts";

export type Split = "train" | "val" | "test";

/** One message of a prompt. */
export interface StudyMessage {
  role: string;
  content: string;
}

/** One prompt of a set, tokenized as the model sees it. */
export interface StudyPrompt {
  id: string;
  set: string;
  /** The last user message: what the prompt asks. */
  text: string;
  messages: readonly StudyMessage[];
  ids: readonly number[];
  /** Index of the last token of the user's last message; the tokens after it are the template's. */
  lastInstruction: number;
  category: string | null;
  split: Split;
  /** Variants of one base prompt stay together in every resampling. */
  base: string;
  harmful: boolean | null;
  conditions: Readonly<Record<string, string>>;
  label: string | null;
  /** Every field of the prompt's row that has no place above. */
  fields: Readonly<Record<string, unknown>>;
}

/** A prompt set as the spec describes it. */
export interface PromptSetInfo {
  name: string;
  harmful: boolean | null;
  /** The set of harmless prompts with the same nouns and frames. */
  matched: string | null;
}

/** The tokens that this model's refusals start with, and how far their sum can be trusted. */
export interface RefusalTokens {
  ids: readonly number[];
  texts: readonly string[];
  /** Share of checked replies on which the sign of the first-token score and the reply's class agree; null where none was checked. */
  agreement: number | null;
  checked: number;
  /** `score`: rates follow from the score's sign. `replies`: the agreement is too low, so rates follow from decoded replies. */
  rates: "score" | "replies";
}

/** A prompt made on the way (a question about another prompt, a wrapped one), tokenized. */
export interface EncodedPrompt {
  ids: readonly number[];
  lastInstruction: number;
}

/** A reading of one prompt. */
export interface PromptReading {
  label: string;
  unit: string;
  /** `[layers][tokens]`; null where the reading has no value. */
  values: (number | null)[][];
}

/** What an experiment works with. Everything that it returns is plain data, so that a plugin can be served across a thread. */
export interface Study {
  readonly engine: Engine;
  /** The spec's seed mixed with the experiment's name. */
  readonly seed: number;
  /** Search everything instead of racing. */
  readonly exhaustive: boolean;
  /** Post-instruction positions, negative from the prompt's end, -1 first: the template's tokens after the user's text. */
  readonly positions: readonly number[];
  readonly sets: readonly PromptSetInfo[];
  readonly refusal: RefusalTokens;
  /** The spec's taxonomy of sources of harm; null where it names none. */
  readonly taxonomy: Taxonomy | null;
  /** The spec's `scorers`, in order. */
  readonly scorers: readonly string[];
  /** The spec's `readings`, in order, and whether each is taken of a component. */
  readonly readings: readonly { id: string; needsDirection: boolean }[];
  readonly signal: AbortSignal;
  /** Every prompt of a set, in the file's order; `refused` where the spec has no such set. */
  prompts(set: string): Promise<readonly StudyPrompt[]>;
  component(name: string): Promise<Component>;
  /** What the search for a component looked at, and why it chose; empty for a component that was not searched for. */
  search(name: string): Promise<SearchRecord>;
  /** The edits of a condition of the spec; `baseline` has none. */
  condition(name: string): Promise<LaneEdits>;
  score(scorer: string, inputs: readonly ScorerInput[]): Promise<readonly Score[]>;
  /** Takes a reading, built in or a plugin's, of an unedited prompt at every layer; one that needs a direction reads a component's. */
  read(reading: string, prompt: StudyPrompt, options: { site: Site; component: string | null }): Promise<PromptReading>;
  decode(ids: readonly number[]): Promise<string>;
  encode(messages: readonly StudyMessage[]): Promise<EncodedPrompt>;
  /** The dictionaries at a path, relative to the spec: one, or a suite in the order of its layers. */
  dictionaries(path: string): Promise<readonly Dictionary[]>;
  /** What each feature adds to the reconstruction per unit of its activation, in the stream's own measure where that is fixed: `[features][dOut]`. */
  decoderRows(dictionary: Dictionary, features: readonly number[]): Promise<readonly Float32Array[]>;
  /** Edits that multiply features of one dictionary where it reads (0 ablates them), its error kept. */
  scaleFeatures(dictionary: Dictionary, features: readonly number[], factor: number): Promise<LaneEdits>;
  /** Text of a file that an option names, relative to the spec. */
  readText(file: string): Promise<string>;
  /** Forward passes and replies done in this unit so far, for the bar and the time left. */
  advance(passes: number): void;
  /** A sentence for the user, kept with the run. */
  warn(sentence: string): void;
}
