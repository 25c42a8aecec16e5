import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";

/** The reading of every pinned feature. */
export const PINNED_FEATURES = "features:pinned";

/** `L4 #512`: how a feature is called wherever it stands alone. */
export function featureName({ layer, feature }: FeatureReference): string {
  return `L${layer} #${feature}`;
}

/** The reading of one feature: `features:4/512`. */
export function featureReadingId({ layer, feature }: FeatureReference): string {
  return `features:${layer}/${feature}`;
}

/** The features that a reading's id names; empty for every other reading. */
export function chosenFeatures(id: string, pinned: readonly FeatureReference[]): FeatureReference[] {
  if (id === PINNED_FEATURES) return [...pinned];
  const place = /^features:(\d+)\/(\d+)$/.exec(id);
  return place === null ? [] : [{ layer: Number(place[1]), feature: Number(place[2]) }];
}
