import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";

/** The reading of every pinned feature. */
export const PINNED_FEATURES = "features:pinned";

/** `L4 #512`: how a feature is called wherever it stands alone. */
export function featureName({ layer, feature }: FeatureReference): string {
  return `L${layer} #${feature}`;
}

/** The reading of some features: `features:4/512`, `features:3/12+4/512`. */
export function featureReadingId(features: readonly FeatureReference[]): string {
  return `features:${features.map(({ layer, feature }) => `${layer}/${feature}`).join("+")}`;
}

/** The features that a reading's id names; empty for every other reading. */
export function chosenFeatures(id: string, pinned: readonly FeatureReference[]): FeatureReference[] {
  if (id === PINNED_FEATURES) return [...pinned];
  if (!/^features:\d+\/\d+(\+\d+\/\d+)*$/.test(id)) return [];
  return Array.from(id.matchAll(/(\d+)\/(\d+)/g), ([, layer, feature]) => ({
    layer: Number(layer),
    feature: Number(feature),
  }));
}
