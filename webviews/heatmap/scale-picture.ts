import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { bucketOf, type DivergingScale, divergingScale } from "../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { rowCount } from "./rows.ts";

/** `row`: each row by its own range, since the stream grows from layer to layer; `picture`: one range for all. */
export type ScaleMode = "row" | "picture";

export interface ScaledPicture {
  /** `[rows, tokens]`, -16 to 16. */
  buckets: Int8Array;
  /** By row. */
  scales: DivergingScale[];
  /** Whether no value is below zero, so that only one half of the scale is there. */
  fromZero: boolean;
  /** What the legend says of unit, range and clipping. */
  legend: string;
}

export function scalePicture(picture: HeatmapPicture, mode: ScaleMode): ScaledPicture {
  const tokens = picture.tokens.length;
  const rows = rowCount(picture);
  const valuesOf = (row: number) => picture.values.subarray(row * tokens, (row + 1) * tokens);
  const whole = divergingScale(picture.values, tokens);
  const scales = Array.from({ length: rows }, (_, row) =>
    mode === "row" ? divergingScale(valuesOf(row), tokens) : whole,
  );
  const buckets = new Int8Array(rows * tokens);
  scales.forEach((scale, row) => {
    valuesOf(row).forEach((value, token) => {
      buckets[row * tokens + token] = bucketOf(value, scale);
    });
  });
  const fromZero = picture.values.every((value) => !(value < 0));
  return { buckets, scales, fromZero, legend: describeScale(picture, { mode, scales, whole, fromZero }) };
}

function describeScale(
  picture: HeatmapPicture,
  {
    mode,
    scales,
    whole,
    fromZero,
  }: { mode: ScaleMode; scales: DivergingScale[]; whole: DivergingScale; fromZero: boolean },
): string {
  const { label, unit, note } = picture.reading;
  const notes = note === "" ? "" : `; ${note}`;
  if (whole.n === 0) return `${label}: ${picture.values.every(Number.isNaN) ? "no values" : "0 everywhere"}${notes}`;
  const clipped = mode === "row" ? scales.reduce((sum, scale) => sum + scale.clipped, 0) : whole.clipped;
  const limits = scales.flatMap(({ n, limit }) => (n > 0 ? [limit] : []));
  const upTo = (limit: number) => `${fromZero ? "0 to " : "±"}${formatFigure(limit)}`;
  const range =
    mode === "row" && limits.length > 1
      ? `each ${picture.rows === null ? "layer" : "feature"} to its own ${upTo(Math.min(...limits))}, up to ${formatFigure(Math.max(...limits))}`
      : upTo(Math.max(...limits));
  const first = picture.tokens.length > 1 ? "; the first position is left out" : "";
  return `${label}${unit ? ` (${unit})` : ""}: ${range}, clipped at the 99th percentile (${clipped} of ${whole.n} cells)${first}${notes}`;
}
