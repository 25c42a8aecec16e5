import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";

/** Pins a feature, or takes its pin away; the rest stays, by layer and number. */
export function togglePinned(
  pinned: readonly FeatureReference[],
  { layer, feature }: FeatureReference,
): FeatureReference[] {
  const others = pinned.filter((one) => one.layer !== layer || one.feature !== feature);
  const next = others.length < pinned.length ? others : [...others, { layer, feature }];
  return next.sort((a, b) => a.layer - b.layer || a.feature - b.feature);
}
