import type { Figure } from "../../../shared/plugin/result-document.ts";
import { dropFigure } from "../study/intervals.ts";
import type { Outcomes } from "../study/outcomes.ts";
import type { AloneEffect } from "./alone-effects.ts";
import type { FoundFeature } from "./find-features.ts";
import type { SetOverlap } from "./overlaps.ts";

/** What one layer's dictionary gave; `absent` where the suite has none there. */
export interface LayerFeatures {
  layer: number;
  absent?: false;
  at: string;
  features: number;
  components: {
    name: string;
    set: string;
    chosen: FoundFeature[];
    alone: AloneEffect[];
    explained: number;
    refused: number;
    complied: number;
    dead: number;
  }[];
  overlaps: SetOverlap[];
  prompts: { set: string; id: string; text: string; base: string }[];
  outcomes: Outcomes[];
}
export type FeaturesData = LayerFeatures | { layer: number; absent: true };

export interface Settings {
  components: readonly string[];
  /** Further categories that the sets are tried on. */
  others: readonly string[];
  absentBelow: number;
}

export interface Judged {
  verdict: "own category only" | "shared" | "not found" | "undecided";
  because: string;
  figures: Figure[];
  own: Figure;
}

/** Outcomes of a condition on the test prompts. */
export function outcome(data: LayerFeatures, name: string): Outcomes {
  const found = data.outcomes.find(({ condition }) => condition === name);
  if (found === undefined) throw new RangeError(`layer ${data.layer} has no outcomes of ${name}`);
  return found;
}

/** Outcomes of some conditions on one set's prompts. */
export function columnsOn(data: LayerFeatures, set: string, conditions: readonly string[]) {
  const rows = data.prompts.map((_, i) => i).filter((i) => data.prompts[i]?.set === set);
  const base = rows.map((i) => data.prompts[i]?.base ?? "");
  return { columns: conditions.map((name) => rows.map((i) => outcome(data, name).refused[i] ?? false)), base };
}

/** Drop of a set's refusals from the baseline to a condition. */
export function drop(data: LayerFeatures, name: string, of: string[], condition: string, set: string): Figure {
  const { columns, base } = columnsOn(data, set, ["baseline", condition]);
  return { ...dropFigure(name, of, columns[0] ?? [], columns[1] ?? [], base), layer: data.layer };
}

/** Names of the conditions that ablate random features in place of a component's. */
export function controlsOf(data: LayerFeatures, name: string): string[] {
  return data.outcomes.map(({ condition }) => condition).filter((condition) => condition.startsWith(`random/${name}/`));
}
