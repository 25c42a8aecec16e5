/** Buckets on each side of zero; with zero itself 33 in all, as many as the editor has decoration types. */
export const BUCKETS_PER_SIDE = 16;

/** How values become tints: the same in the editor, the heatmap and the results. */
export interface DivergingScale {
  /** Values at or beyond ±limit take the strongest tint; 0 where there is nothing to show. */
  limit: number;
  /** How many of the values lie beyond the limit, and so are shown as the limit. */
  clipped: number;
  /** How many values the limit was taken from. */
  n: number;
}

/** The share of absolute values that the limit leaves unclipped. */
const CLIP_QUANTILE = 0.99;

/**
 * Takes the limit from the values' own size: the 99th percentile of |value|. The first position carries massive activations in real models
 * (hundreds of times the others), so it is left out where there is more than one. A value of exactly 0 takes no part: features are silent at
 * nearly every token, and a percentile over their silence would clip all that they say.
 *
 * @param values `[rows, columns]`, row-major; NaN is no value.
 */
export function divergingScale(values: Float32Array, columns: number): DivergingScale {
  const sizes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isFinite(value) && value !== 0 && (columns === 1 || i % columns !== 0)) sizes.push(Math.abs(value));
  }
  sizes.sort((a, b) => a - b);
  const limit = sizes[Math.min(sizes.length - 1, Math.floor(CLIP_QUANTILE * sizes.length))] ?? 0;
  return { limit, clipped: sizes.filter((size) => size > limit).length, n: sizes.length };
}

/** The bucket of a value, -16 to 16; 0 (no tint) for NaN and for a scale without a limit. */
export function bucketOf(value: number, scale: DivergingScale): number {
  if (!Number.isFinite(value) || scale.limit === 0) return 0;
  const share = Math.max(-1, Math.min(1, value / scale.limit));
  return Math.round(share * BUCKETS_PER_SIDE);
}

/** Red, green, blue of each side: blue for less, orange for more; told apart by all common forms of colour blindness (Okabe and Ito 2008). */
export const LESS_RGB = [0, 114, 178] as const;
export const MORE_RGB = [230, 120, 0] as const;

/** The strongest opacity under text: keeps a contrast of 4.5 in VS Code's default light and dark themes. */
export const UNDER_TEXT = 0.45;

/** The strongest opacity of a cell that carries no text. */
export const WITHOUT_TEXT = 0.95;

/** A bucket's tint as a CSS colour, opacity linear in the bucket; transparent for 0, so that the editor's own background shows. */
export function tintOf(bucket: number, strongest: typeof UNDER_TEXT | typeof WITHOUT_TEXT): string {
  const [r, g, b] = bucket < 0 ? LESS_RGB : MORE_RGB;
  return `rgba(${r}, ${g}, ${b}, ${((Math.abs(bucket) / BUCKETS_PER_SIDE) * strongest).toFixed(3)})`;
}
