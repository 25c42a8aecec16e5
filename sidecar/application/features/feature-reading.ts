import { hookPoint } from "../../../shared/engine/hook-point.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { Reading } from "../../../shared/plugin/reading.ts";
import type { FeatureReference } from "../../../shared/protocol/feature-messages.ts";
import { checkFeature, dictionaryOf, layerOf, NOTHING_ELSE, rowOf } from "./suite-features.ts";

/** What `inspect` calls this reading by; no plugin can take the name, since it never enters the registry. */
export const FEATURES_READING = "features";

/**
 * A reading of some features of a suite: at each layer the sum of the activations of those that belong to it, no value at a layer that none
 * belongs to. Refused, when it reads: a feature that the suite does not have, or a dictionary that reads the stream at another site.
 */
export function featureReading(features: readonly FeatureReference[], suite: readonly Dictionary[]): Reading {
  return {
    id: FEATURES_READING,
    label: features.length === 1 ? "feature" : "features",
    unit: "activation",
    describe: "The sum of the activations of the chosen features of each layer.",
    needs: { direction: false, activations: true, logits: false },
    async read({ engine, ledger, site, activations }, { signal }) {
      const count = ledger.ids.length;
      const { layers } = engine.model;
      const values = new Float32Array(layers * count).fill(Number.NaN);
      await Promise.all(
        byLayer(features).map(async ([layer, numbers]) => {
          const dictionary = dictionaryOf(suite, layer);
          for (const feature of numbers) checkFeature(dictionary, feature);
          const row = rowOf(dictionary, site, layers);
          const stream = activations[hookPoint(site, row)] ?? new Float32Array();
          const { chosen } = await engine.encode(
            { ...NOTHING_ELSE, dictionary, activations: stream, features: numbers },
            signal === undefined ? {} : { signal },
          );
          for (let token = 0; token < count; token++) {
            const at = token * numbers.length;
            values[row * count + token] = chosen
              .subarray(at, at + numbers.length)
              .reduce((sum, value) => sum + value, 0);
          }
        }),
      );
      return values;
    },
  };
}

/** Which layers have no value and why: no dictionary there, or none of the chosen features. Empty where every layer has one. */
export function gapsOf(features: readonly FeatureReference[], suite: readonly Dictionary[], layers: number): string {
  const chosen = new Set(features.map(({ layer }) => layer));
  const known = new Set(suite.map(layerOf));
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const without = all.filter((layer) => !known.has(layer));
  const idle = all.filter((layer) => known.has(layer) && !chosen.has(layer));
  const parts = [
    without.length === 0 ? "" : `the suite has no dictionary at ${named(without)}`,
    idle.length === 0
      ? ""
      : `${features.length === 1 ? "the feature is not" : "none of the features is"} at ${named(idle)}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** The numbers of the chosen features of each layer. */
function byLayer(features: readonly FeatureReference[]): [layer: number, numbers: number[]][] {
  const layers = new Map<number, number[]>();
  for (const { layer, feature } of features) layers.set(layer, [...(layers.get(layer) ?? []), feature]);
  return [...layers];
}

/** `layers 0 to 3, 5`. */
function named(layers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const layer of layers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === layer - 1) run[1] = layer;
    else runs.push([layer, layer]);
  }
  const texts = runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return `${layers.length === 1 ? "layer" : "layers"} ${texts.join(", ")}`;
}
