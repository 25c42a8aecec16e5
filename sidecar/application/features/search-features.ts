import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FoundFeatures, LabelledFeature } from "../../../shared/protocol/feature-messages.ts";
import type { FeatureLabels } from "./feature-labels.ts";
import { layerOf } from "./suite-features.ts";

export interface FeatureQuery {
  query: string;
  limit: number;
  /** Whether there is a file of labels at all. */
  labelled: boolean;
}

/**
 * Features of a suite by what the user typed: a number (`512`, of every layer that has it), a layer and a number (`4/512`, `L4 #512`), or
 * words that a label holds, in any order and case. Labels of features that the suite does not have are left out.
 */
export function searchFeatures(
  suite: readonly Dictionary[],
  labels: FeatureLabels,
  { query, limit, labelled }: FeatureQuery,
): FoundFeatures {
  const text = query.trim().toLowerCase();
  if (text === "") return { found: [], total: 0, note: "" };
  const place = /^(?:l?(\d+)\s*[/#\s]\s*)?#?(\d+)$/.exec(text);
  const found = place === null ? byWords(suite, labels, text) : byNumber(suite, labels, place[1], Number(place[2]));
  const note =
    place === null && !labelled
      ? "There are no labels to search: name a file in refract.featureLabels, or search by number (512 or 4/512)."
      : "";
  return { found: found.slice(0, limit), total: found.length, note };
}

function byNumber(
  suite: readonly Dictionary[],
  labels: FeatureLabels,
  layer: string | undefined,
  feature: number,
): LabelledFeature[] {
  return suite
    .filter((dictionary) => feature < dictionary.features)
    .filter((dictionary) => layer === undefined || layerOf(dictionary) === Number(layer))
    .map((dictionary) => labels.named({ layer: layerOf(dictionary), feature }));
}

function byWords(suite: readonly Dictionary[], labels: FeatureLabels, text: string): LabelledFeature[] {
  const sizes = new Map(suite.map((dictionary) => [layerOf(dictionary), dictionary.features]));
  return labels.with(text.split(/\s+/)).filter(({ layer, feature }) => feature < (sizes.get(layer) ?? 0));
}
