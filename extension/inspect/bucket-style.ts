import { BUCKETS_PER_SIDE, tintOf, UNDER_TEXT } from "../../shared/scale/diverging-scale.ts";
import type { ThemeKind } from "./profile-picture.ts";

/** CSS of a tint under text. */
export interface BucketStyle {
  backgroundColor?: string;
  border?: string;
}

/** What an old reading's tint keeps of its strength. */
const STALE = 0.35;

/**
 * The look of a bucket (-16 to 16). High contrast themes get a border as well, since a tint alone is lost there: solid for more, dashed for less,
 * wider for the stronger half.
 */
export function bucketStyle(bucket: number, theme: ThemeKind, stale: boolean): BucketStyle {
  if (bucket === 0) return {};
  const strength = stale ? bucket * STALE : bucket;
  const backgroundColor = tintOf(strength, UNDER_TEXT);
  if (!theme.startsWith("high-contrast")) return { backgroundColor };
  const size = Math.abs(bucket) / BUCKETS_PER_SIDE;
  // Weak readings stay unmarked: a border around every token says nothing.
  if (size < 0.2) return { backgroundColor };
  const width = size > 0.6 ? 2 : 1;
  const line = bucket > 0 ? "solid" : "dashed";
  const colour = tintOf(bucket > 0 ? BUCKETS_PER_SIDE : -BUCKETS_PER_SIDE, UNDER_TEXT).replace(
    /[\d.]+\)$/,
    stale ? "0.5)" : "1)",
  );
  return { backgroundColor, border: `${width}px ${line} ${colour}` };
}
