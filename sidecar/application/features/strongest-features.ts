import { hookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { StrongestFeatures } from "../../../shared/protocol/feature-messages.ts";
import { sameStream } from "../../edits/same-stream.ts";
import type { Pass } from "../passes.ts";
import type { FeatureLabels } from "./feature-labels.ts";
import { layerOf, NOTHING_ELSE } from "./suite-features.ts";

export interface StrongestRequest {
  /** A layer of the pass. */
  layer: number;
  count: number;
  suite: readonly Dictionary[];
  labels: FeatureLabels;
}

/**
 * The features that a prompt fires most at one layer. Exact: a feature whose largest activation is among the `count` largest is among the
 * `count` strongest of the token where it has it.
 */
export async function strongestFeatures(
  pass: Pass,
  { layer, count, suite, labels }: StrongestRequest,
  signal: AbortSignal,
): Promise<StrongestFeatures> {
  const started = performance.now();
  const at = hookPoint(pass.site, layer);
  const dictionary = suite.find(({ reads }) => sameStream(reads, at));
  if (dictionary === undefined) throw refused(`The suite has no dictionary at ${at}.`);
  const activations = pass.activations[at] ?? new Float32Array();
  const { engine } = pass.model;
  const top = Math.min(count, dictionary.features);
  const strongest = await engine.encode({ ...NOTHING_ELSE, dictionary, activations, top }, { signal });
  const tokens = pass.ledger.ids.length;
  const largest = new Map<number, number>();
  // The first position carries massive activations: it ranks nothing where there are others.
  for (let i = tokens > 1 ? top : 0; i < strongest.topFeatures.length; i++) {
    const feature = strongest.topFeatures[i] ?? 0;
    const activation = strongest.topActivations[i] ?? 0;
    if (activation > (largest.get(feature) ?? 0)) largest.set(feature, activation);
  }
  const ranked = [...largest].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, count);
  const features = ranked.map(([feature]) => feature);
  const { chosen } = await engine.encode({ ...NOTHING_ELSE, dictionary, activations, features }, { signal });
  const values = new Float32Array(features.length * tokens);
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < features.length; row++) {
      values[row * tokens + token] = chosen[token * features.length + row] ?? Number.NaN;
    }
  }
  return {
    features: features.map((feature) => labels.named({ layer: layerOf(dictionary), feature })),
    values,
    milliseconds: performance.now() - started,
  };
}
