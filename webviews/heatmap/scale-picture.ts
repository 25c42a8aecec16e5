import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { bucketOf, type DivergingScale, divergingScale } from "../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";

/** `layer`: each layer by its own range, since the stream grows from layer to layer; `picture`: one range for all. */
export type ScaleMode = "layer" | "picture";

export interface ScaledPicture {
  /** `[layers, tokens]`, -16 to 16. */
  buckets: Int8Array;
  /** By layer. */
  scales: DivergingScale[];
  /** What the legend says of unit, range and clipping. */
  legend: string;
}

export function scalePicture(picture: HeatmapPicture, mode: ScaleMode): ScaledPicture {
  const tokens = picture.tokens.length;
  const rowOf = (layer: number) => picture.values.subarray(layer * tokens, (layer + 1) * tokens);
  const whole = divergingScale(picture.values, tokens);
  const scales = Array.from({ length: picture.layers }, (_, layer) =>
    mode === "layer" ? divergingScale(rowOf(layer), tokens) : whole,
  );
  const buckets = new Int8Array(picture.layers * tokens);
  scales.forEach((scale, layer) => {
    rowOf(layer).forEach((value, token) => {
      buckets[layer * tokens + token] = bucketOf(value, scale);
    });
  });
  return { buckets, scales, legend: describeScale(picture, mode, scales, whole) };
}

function describeScale(
  picture: HeatmapPicture,
  mode: ScaleMode,
  scales: DivergingScale[],
  whole: DivergingScale,
): string {
  const { label, unit } = picture.reading;
  if (whole.n === 0) return `${label}: no values`;
  const clipped = mode === "layer" ? scales.reduce((sum, scale) => sum + scale.clipped, 0) : whole.clipped;
  const limits = scales.map((scale) => scale.limit);
  const range =
    mode === "layer"
      ? `each layer to its own ±${formatFigure(Math.min(...limits))} to ±${formatFigure(Math.max(...limits))}`
      : `±${formatFigure(whole.limit)}`;
  const first = picture.tokens.length > 1 ? "; the first position is left out" : "";
  return `${label}${unit ? ` (${unit})` : ""}: ${range}, clipped at the 99th percentile (${clipped} of ${whole.n} cells)${first}`;
}
