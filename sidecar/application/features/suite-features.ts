import { type HookPoint, hookPoint, parseHookPoint, type Site } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FeatureSuite } from "../../../shared/protocol/feature-messages.ts";
import { sameStream } from "../../edits/same-stream.ts";
import type { Pass } from "../passes.ts";

/** The layer that a dictionary's features are named by. */
export function layerOf({ reads }: Dictionary): number {
  return parseHookPoint(reads)?.layer ?? 0;
}

export function describeSuite(suite: readonly Dictionary[]): FeatureSuite {
  const layers = suite.map((dictionary) => ({
    layer: layerOf(dictionary),
    at: dictionary.reads,
    path: dictionary.path,
    features: dictionary.features,
  }));
  return { layers };
}

/** The dictionary that features of a layer belong to. Refused: the suite has none there. */
export function dictionaryOf(suite: readonly Dictionary[], layer: number): Dictionary {
  const found = suite.find((dictionary) => layerOf(dictionary) === layer);
  if (found !== undefined) return found;
  const layers = suite.map(layerOf);
  const there =
    layers.length === 0
      ? "there are no dictionaries beside this model, and refract.dictionaries names none"
      : `it has layers ${layers.join(", ")}`;
  throw refused(`The suite has no dictionary of layer ${layer}: ${there}.`);
}

/** Refused: the dictionary has no feature of that number. */
export function checkFeature(dictionary: Dictionary, feature: number): void {
  if (feature < dictionary.features) return;
  throw refused(
    `The dictionary of layer ${layerOf(dictionary)} has features 0 to ${dictionary.features - 1}, found ${feature}.`,
  );
}

/** The layer at which a site shows what a dictionary reads. Refused: it reads the stream somewhere else. */
export function rowOf(dictionary: Dictionary, site: Site, layers: number): number {
  const row = Array.from({ length: layers }, (_, layer) => layer).find((layer) =>
    sameStream(hookPoint(site, layer), dictionary.reads),
  );
  if (row !== undefined) return row;
  throw refused(`The dictionary of layer ${layerOf(dictionary)} reads ${dictionary.reads}: choose that site.`);
}

/** What a dictionary reads of a pass: `[tokens, dIn]`. */
export function readBy(dictionary: Dictionary, { activations, site, model }: Pass): Float32Array {
  const at: HookPoint = hookPoint(site, rowOf(dictionary, site, model.engine.model.layers));
  return activations[at] ?? new Float32Array();
}

/** An encoding of which only what is asked for beside these is made. */
export const NOTHING_ELSE = { top: 0, features: [], active: false, statistics: false, reconstruct: false } as const;
