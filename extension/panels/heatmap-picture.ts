import type { StrongestFeatures } from "../../shared/protocol/feature-messages.ts";
import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import type { InspectedPrompt } from "../inspect/inspections.ts";

/** A reading over layers and tokens. */
export function layerPicture({ inspection, reading, title, model }: InspectedPrompt): HeatmapPicture {
  return {
    title,
    model,
    reading: { id: reading.id, label: reading.label, unit: reading.unit, note: inspection.reading.note },
    site: inspection.site,
    layers: inspection.layers,
    rows: null,
    tokens: inspection.ledger.tokens.map(({ id, text, role, special }) => ({ id, text, role, special })),
    values: inspection.values,
    refusal: inspection.refusal?.probability ?? null,
    milliseconds: inspection.milliseconds,
    warnings: inspection.warnings,
  };
}

/** Features of one layer over tokens: the strongest, or the first pinned one, in the top row, as the last layer is in the other pictures. */
export function featurePicture(
  inspected: InspectedPrompt,
  { layer, pinned }: { layer: number; pinned: boolean },
  { features, values, milliseconds }: StrongestFeatures,
): HeatmapPicture {
  const picture = layerPicture(inspected);
  const count = picture.tokens.length;
  const turned = new Float32Array(values.length);
  for (let row = 0; row < features.length; row++) {
    turned.set(values.subarray(row * count, (row + 1) * count), (features.length - 1 - row) * count);
  }
  return {
    ...picture,
    reading: {
      ...picture.reading,
      label: `${pinned ? "pinned features" : "features"} of layer ${layer}`,
      unit: "activation",
      note: "",
    },
    rows: { layer, pinned, features: features.toReversed() },
    values: turned,
    milliseconds,
  };
}
