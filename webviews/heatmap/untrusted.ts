import type { HeatmapState } from "./state.ts";

/** What must be said of the dictionaries whose features a picture shows: a sentence for each that should not be trusted. */
export function untrusted({ picture, choices }: HeatmapState): string[] {
  if (!picture || !choices) return [];
  const { rows, reading, tokens, values } = picture;
  const isShown = (layer: number): boolean => {
    if (rows !== null) return rows.layer === layer;
    // A layer that none of the features belongs to has no values; the first token's says so for all.
    return reading.id.startsWith("features:") && !Number.isNaN(values[layer * tokens.length] ?? Number.NaN);
  };
  return choices.suite
    .filter(({ layer, reasons }) => reasons.length > 0 && isShown(layer))
    .map(({ layer, reasons }) => `The dictionary of layer ${layer} is not trusted: ${reasons.join("; ")}.`);
}
