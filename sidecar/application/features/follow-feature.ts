import type { CallOptions } from "../../../shared/engine/engine.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FeatureReference } from "../../../shared/protocol/feature-messages.ts";
import { featureVectors } from "../../dictionaries/feature-vectors.ts";
import { nearestDecoder } from "../../dictionaries/nearest-decoder.ts";
import { checkFeature, dictionaryOf, layerOf } from "./suite-features.ts";

/** What two layers' features need to share to count as one: random vectors among 100,000 reach .3 in 192 dimensions and .1 in 2,304. */
const LEAST_COSINE = 0.5;

/** The same feature at another layer: `cosine` is that of its decoder vector with the one of the layer before it on the way. */
export type FollowedFeature = FeatureReference & { cosine: number };

/**
 * A feature through the layers of its suite, from its own layer step by step down and up to the feature whose decoder vector is most like the
 * last one's (Laptev et al. 2025, "Analyze Feature Flow"). A way ends where nothing is alike. By layer; its own has cosine 1.
 */
export async function followFeature(
  suite: readonly Dictionary[],
  { layer, feature }: FeatureReference,
  options: CallOptions,
): Promise<FollowedFeature[]> {
  const own = dictionaryOf(suite, layer);
  checkFeature(own, feature);
  const [vectors] = await featureVectors(own, [feature]);
  const start = vectors?.v ?? new Float32Array();
  const alike = suite.filter(({ dOut, reads, writes }) => dOut === own.dOut && reads === writes);
  const byLayer = alike.toSorted((a, b) => layerOf(a) - layerOf(b));
  const below = byLayer.filter((dictionary) => layerOf(dictionary) < layer).toReversed();
  const above = byLayer.filter((dictionary) => layerOf(dictionary) > layer);
  return [
    ...(await along(below, start, options)).toReversed(),
    { layer, feature, cosine: 1 },
    ...(await along(above, start, options)),
  ];
}

async function along(
  way: readonly Dictionary[],
  start: Float32Array,
  options: CallOptions,
): Promise<FollowedFeature[]> {
  const found: FollowedFeature[] = [];
  let last = start;
  for (const dictionary of way) {
    const nearest = await nearestDecoder(dictionary, last, options);
    if (nearest === null || nearest.cosine < LEAST_COSINE) break;
    found.push({ layer: layerOf(dictionary), ...nearest });
    const [vectors] = await featureVectors(dictionary, [nearest.feature]);
    last = vectors?.v ?? last;
  }
  return found;
}
