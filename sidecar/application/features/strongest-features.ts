import type { EncodeResult } from "../../../shared/engine/engine.ts";
import { hookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { StrongestFeatures } from "../../../shared/protocol/feature-messages.ts";
import { sameStream } from "../../edits/same-stream.ts";
import type { Pass } from "../passes.ts";
import type { FeatureLabels } from "./feature-labels.ts";
import { checkFeature, layerOf, NOTHING_ELSE } from "./suite-features.ts";

export interface StrongestRequest {
  /** A layer of the pass. */
  layer: number;
  count: number;
  /** The features that are wanted instead of the strongest, in this order. */
  only: readonly number[] | null;
  suite: readonly Dictionary[];
  labels: FeatureLabels;
}

/**
 * The features that a prompt fires most at one layer, or those of `only`, with their activations at every token. Refused: the suite has no
 * dictionary there, or not such a feature.
 */
export async function strongestFeatures(
  pass: Pass,
  { layer, count, only, suite, labels }: StrongestRequest,
  signal: AbortSignal,
): Promise<StrongestFeatures> {
  const started = performance.now();
  const at = hookPoint(pass.site, layer);
  const dictionary = suite.find(({ reads }) => sameStream(reads, at));
  if (dictionary === undefined) throw refused(`The suite has no dictionary at ${at}.`);
  for (const feature of only ?? []) checkFeature(dictionary, feature);
  const activations = pass.activations[at] ?? new Float32Array();
  const encode = (wanted: { top: number } | { features: readonly number[] }) =>
    pass.model.engine.encode({ ...NOTHING_ELSE, dictionary, activations, ...wanted }, { signal });
  const tokens = pass.ledger.ids.length;
  const top = Math.min(count, dictionary.features);
  const features = only ?? strongestOf(await encode({ top }), tokens > 1 ? top : 0).slice(0, count);
  const { chosen } = await encode({ features });
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

/**
 * Features by their largest activation, from the strongest of each token. Exact: a feature whose largest activation is among the k largest is
 * among the k strongest of the token where it has it. The first position carries massive activations, so `from` leaves it out where there are others.
 */
function strongestOf({ topFeatures, topActivations }: EncodeResult, from: number): number[] {
  const largest = new Map<number, number>();
  for (let i = from; i < topFeatures.length; i++) {
    const feature = topFeatures[i] ?? 0;
    const activation = topActivations[i] ?? 0;
    if (activation > (largest.get(feature) ?? 0)) largest.set(feature, activation);
  }
  return [...largest].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([feature]) => feature);
}
