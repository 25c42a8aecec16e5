import type { DictionaryFormat } from "./dictionary-format.ts";
import type { DirectionFinder } from "./direction-finder.ts";
import type { ExperimentKind } from "./experiment-kind.ts";
import type { PromptFormat } from "./prompt-format.ts";
import type { Reading } from "./reading.ts";
import type { ResultView } from "./result-view.ts";
import type { Scorer } from "./scorer.ts";

/** Everything that a researcher may want to add. Built-ins register through the same interface and have no other way in. */
export interface RefractPlugin {
  /** Shown in messages, and what makes its kinds unique. */
  name: string;
  experiments?: readonly ExperimentKind[];
  finders?: readonly DirectionFinder[];
  views?: readonly ResultView[];
  readings?: readonly Reading[];
  scorers?: readonly Scorer[];
  dictionaries?: readonly DictionaryFormat[];
  prompts?: readonly PromptFormat[];
}

/** Types a plugin module's default export. */
export function definePlugin(plugin: RefractPlugin): RefractPlugin {
  return plugin;
}
