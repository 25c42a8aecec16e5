import type { Figure } from "../../../shared/plugin/result-document.ts";
import type { LinesBlock } from "../../../shared/plugin/view-block.ts";
import { inWords } from "../study/intervals.ts";

/** How well a component is read at each layer, against one set of prompts. */
export interface ReadOut {
  against: string;
  areas: Figure[];
  nullHigh: number[];
  onset: number | null;
}

/** Where a component can be read against where editing it has an effect, with the lag between the two onsets. */
export function lagBlock(
  component: string,
  n: number,
  reading: ReadOut,
  single: readonly Figure[],
  marks: LinesBlock["marks"],
  lag: Figure | undefined,
  noun: string,
): LinesBlock {
  const effect = (layer: number) => single.find((figure) => figure.layer === layer);
  const layers = reading.areas.map((_, layer) => layer);
  return {
    type: "lines",
    title: `${component}: read against effect`,
    caption:
      lag === undefined
        ? "No single layer's ablation has an effect, so there is no lag."
        : `From the layer where it can be read to the layer where ablating it has its full effect: ${inWords(lag)} layers (n ${n}). The axes of the two are never mixed: each line is about its own layer.`,
    x: { label: "layer", values: layers },
    y: { label: `AUC, and ${noun}`, unit: "", min: -0.1, max: 1 },
    series: [
      {
        label: `AUC against ${reading.against}`,
        control: false,
        values: reading.areas.map(({ estimate }) => estimate),
        low: reading.areas.map(({ low }) => low),
        high: reading.areas.map(({ high }) => high),
        n: Math.max(0, ...reading.areas.map(({ n }) => n)),
      },
      {
        label: `${noun}, ablated at one layer`,
        control: false,
        values: layers.map((layer) => effect(layer)?.estimate ?? null),
        low: layers.map((layer) => effect(layer)?.low ?? null),
        high: layers.map((layer) => effect(layer)?.high ?? null),
        n,
        evidence: layers.map((layer) => (effect(layer) ? `${component}/single/${layer}` : null)),
      },
      { label: "AUC under permuted labels, 97.5%", control: true, values: [...reading.nullHigh] },
    ],
    marks,
    spans: [],
  };
}
