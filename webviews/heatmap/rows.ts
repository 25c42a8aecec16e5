import type { LabelledFeature } from "../../shared/protocol/feature-messages.ts";
import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";

/** Rows of a picture are its layers, or the features of one layer; row 0 is the lowest. */
export function rowCount({ rows, layers }: Pick<HeatmapPicture, "rows" | "layers">): number {
  return rows === null ? layers : rows.features.length;
}

/** The layer of the inspection that a row shows. */
export function layerOfRow({ rows }: HeatmapPicture, row: number): number {
  return rows === null ? row : rows.layer;
}

/** The feature that a row shows; `null` where the rows are layers. */
export function featureOfRow({ rows }: HeatmapPicture, row: number): LabelledFeature | null {
  return rows?.features[row] ?? null;
}

/** Beside the row: `L4`, or `#512 intrusion`. */
export function rowLabel(picture: HeatmapPicture, row: number): string {
  const feature = featureOfRow(picture, row);
  return feature === null ? `L${row}` : `#${feature.feature} ${feature.label}`.trim();
}

/** As it is spoken. */
export function rowName(picture: HeatmapPicture, row: number): string {
  const feature = featureOfRow(picture, row);
  return feature === null ? `Layer ${row}` : `Feature ${feature.feature} ${feature.label}`.trim();
}

/** Whether a row of a picture over layers has no value at all: a gap of the suite, or a layer without a chosen feature. */
export function isGap(picture: HeatmapPicture, row: number): boolean {
  const tokens = picture.tokens.length;
  return picture.values.subarray(row * tokens, (row + 1) * tokens).every((value) => Number.isNaN(value));
}
