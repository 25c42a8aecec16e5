import type { Figure } from "../../../shared/plugin/result-document.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { shown } from "../study/intervals.ts";
import type { AloneEffect } from "./alone-effects.ts";
import { controlsOf, drop, type Judged, type LayerFeatures, type Settings } from "./layer-features.ts";

/** What ablating each set takes down in each category, with the directions and the random sets as controls. */
export function effects(data: LayerFeatures, config: Settings): ViewBlock {
  const sets = [...data.components.map(({ set }) => set), ...config.others];
  const row = (label: string, condition: string, control: boolean) => ({
    row: { label, control },
    cells: sets.map((set) =>
      shown(drop(data, label, [label, set], condition, set), config.components.includes(label) ? label : undefined),
    ),
  });
  const rows = [
    ...config.components.map((name) => row(name, `features/${name}`, false)),
    ...config.components.map((name) => row(`${name}, direction`, `direction/${name}`, true)),
    ...config.components.flatMap((name) =>
      controlsOf(data, name).map((condition, c) => row(`${name}, random ${c + 1}`, condition, true)),
    ),
  ];
  return {
    type: "matrix",
    title: `Drop of refusals when features are ablated at ${data.at}`,
    caption:
      "Random rows are features of the same density; the direction is the difference in means at the same place.",
    unit: "rate",
    rowLabel: "features of",
    columnLabel: "prompts",
    rows: rows.map(({ row }) => row),
    columns: sets,
    cells: rows.map(({ cells }) => cells),
    scale: { min: -1, max: 1 },
  };
}

/** What is known of each chosen feature. */
export function featureTable(data: LayerFeatures): ViewBlock {
  return {
    type: "table",
    title: `Features at ${data.at}`,
    caption: `The dictionary has ${data.features} features. First-order effect: the share of the difference between refused and complied prompts that the feature writes. Alone: what ablating it by itself takes down on validation prompts.`,
    columns: [
      { label: "component" },
      { label: "feature" },
      { label: "decoder cosine" },
      { label: "fires, refused", unit: "share" },
      { label: "fires, complied", unit: "share" },
      { label: "first-order effect", unit: "share" },
      { label: "alone, refusals", unit: "rate" },
      { label: "alone, score", unit: "logit" },
    ],
    rows: data.components.flatMap(({ name, chosen, alone, refused, complied }) =>
      chosen.map((one) => ({
        cells: [
          name,
          `#${one.feature}`,
          { value: one.cosine },
          { value: one.firesRefused, n: refused },
          { value: one.firesComplied, n: complied },
          { value: one.attribution, n: refused + complied },
          ...aloneCells(alone.find(({ feature }) => feature === one.feature)),
        ],
        evidence: name,
      })),
    ),
  };
}

function aloneCells(alone: AloneEffect | undefined) {
  if (alone === undefined)
    return [
      { value: null, why: "not measured" },
      { value: null, why: "not measured" },
    ];
  return [
    { value: alone.drop, n: alone.n },
    { value: alone.scoreDrop, n: alone.n },
  ];
}

/** The geometry of the sets, a row for each two. */
export function overlapTable(data: LayerFeatures, config: Settings): ViewBlock {
  const n = (of: readonly number[]) => of.reduce((sum, k) => sum + (data.components[k]?.chosen.length ?? 0), 0);
  return {
    type: "table",
    title: `How alike the sets are at ${data.at}`,
    caption:
      "Cosines of the principal angles between what the sets' decoder rows span, largest first, and the largest of random sets of the same density.",
    columns: [
      { label: "sets" },
      { label: "features in both" },
      { label: "principal cosines" },
      { label: "random sets", unit: "cosine" },
      { label: "directions", unit: "cosine" },
    ],
    rows: data.overlaps.map(({ of, shared, cosines, random, directions }) => ({
      cells: [
        of.map((k) => config.components[k] ?? "").join(", "),
        { value: shared, n: n(of) },
        cosines.map((value) => value.toFixed(2)).join(", "),
        random.length === 0 ? { value: null, why: "no random set" } : { value: Math.max(...random), n: random.length },
        { value: directions },
      ],
    })),
  };
}

/** Effects on the own category by layer. */
export function profile(layers: readonly LayerFeatures[], judged: readonly Judged[][], config: Settings): ViewBlock {
  const series = config.components.flatMap((name, k) => {
    const own = judged.map((row) => row[k]?.own);
    const direction = judged.map((row) => row[k]?.figures.find((figure) => figure.name === "effect of the direction"));
    const line = (label: string, control: boolean, figures: readonly (Figure | undefined)[]) => ({
      label,
      control,
      values: figures.map((figure) => figure?.estimate ?? null),
      low: figures.map((figure) => figure?.low ?? null),
      high: figures.map((figure) => figure?.high ?? null),
    });
    return [line(name, false, own), line(`${name}, direction`, true, direction)];
  });
  return {
    type: "lines",
    title: "Own effect by layer",
    x: { label: "layer", values: layers.map(({ layer }) => layer) },
    y: { label: "drop of refusals", unit: "rate", min: -0.1, max: 1 },
    series,
    marks: [],
    spans: [],
  };
}
