import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { pairedContrast } from "../../statistics/paired-contrast.ts";
import { evidenceOf } from "../study/evidence.ts";
import { dropFigure, inWords, shown } from "../study/intervals.ts";
import type { Outcomes } from "../study/outcomes.ts";
import type { FoundFeature } from "./find-features.ts";

/** What one layer's dictionary gave; `absent` where the suite has none there. */
export interface LayerFeatures {
  layer: number;
  absent?: false;
  at: string;
  features: number;
  components: {
    name: string;
    set: string;
    chosen: FoundFeature[];
    explained: number;
    refused: number;
    complied: number;
    dead: number;
  }[];
  /** Of two components, by index: features in both sets, and the largest principal cosine of their decoder rows. */
  overlaps: { of: [number, number]; shared: number; cosine: number }[];
  prompts: { set: string; id: string; text: string; base: string }[];
  outcomes: Outcomes[];
}
export type FeaturesData = LayerFeatures | { layer: number; absent: true };

interface Settings {
  components: readonly string[];
  absentBelow: number;
}

interface Judged {
  verdict: "own category only" | "shared" | "not found" | "undecided";
  because: string;
  figures: Figure[];
  own: Figure;
}

/** Figures and verdicts by component and layer; the headline is the layer at which the weakest of the own effects is largest. */
export function summariseFeatures(all: readonly FeaturesData[], config: Settings): ExperimentSummary {
  const layers = all.filter((data): data is LayerFeatures => data.absent !== true);
  const gaps = all.filter(({ absent }) => absent === true).map(({ layer }) => layer);
  const notes =
    gaps.length > 0 ? [`The suite has no dictionary at ${gaps.map((layer) => `layer ${layer}`).join(", ")}.`] : [];
  if (layers.length === 0) {
    return {
      figures: [],
      verdicts: [],
      sentences: ["No layer that was asked for has a dictionary."],
      notes,
      blocks: [],
      evidence: {},
    };
  }
  const judged = layers.map((data) => config.components.map((_, k) => judge(data, k, config.absentBelow)));
  const strength = (at: number) => Math.min(...(judged[at] ?? []).map(({ own }) => own.estimate ?? 0));
  const best = layers.reduce((most, _, at) => (strength(at) > strength(most) ? at : most), 0);
  const headline = layers[best] as LayerFeatures;
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const evidence: Record<string, Evidence> = {};
  for (const [k, name] of config.components.entries()) {
    const one = judged[best]?.[k] as Judged;
    const first = figures.length;
    figures.push(...one.figures);
    verdicts.push({
      of: [name],
      verdict: one.verdict,
      because: one.because,
      figures: one.figures.map((_, i) => first + i),
      layer: headline.layer,
      byLayer: layers.map(({ layer }, at) => ({ layer, verdict: judged[at]?.[k]?.verdict ?? "undecided" })),
    });
    sentences.push(sentence(name, headline, k, one));
    const impossible = layers.filter((_, at) => at !== best && judged[at]?.[k]?.verdict === "not found");
    if (impossible.length > 0) {
      notes.push(
        `${name}: at ${impossible.map(({ layer }) => `layer ${layer}`).join(", ")} no set of at most the features tried takes down what the direction there does: the dictionary cannot do it.`,
      );
    }
    evidence[name] = evidenceOf(`Features of ${name} ablated at ${headline.at}`, headline.prompts, [
      outcome(headline, "baseline"),
      outcome(headline, `features/${name}`),
      outcome(headline, `direction/${name}`),
    ]);
  }
  for (const { of, shared, cosine } of headline.overlaps) {
    const names = of.map((k) => config.components[k] ?? "");
    const n = of.reduce((sum, k) => sum + (headline.components[k]?.chosen.length ?? 0), 0);
    const common = { of: names, low: null, high: null, n, layer: headline.layer };
    figures.push({ ...common, name: "features in both sets", estimate: shared, unit: "features" });
    figures.push({ ...common, name: "largest principal cosine of the sets", estimate: cosine, unit: "cosine" });
  }
  const blocks = [effects(headline, config), featureTable(headline), profile(layers, judged, config)];
  return { figures, verdicts, sentences, notes, blocks, evidence };
}

function outcome(data: LayerFeatures, name: string): Outcomes {
  const found = data.outcomes.find(({ condition }) => condition === name);
  if (found === undefined) throw new RangeError(`layer ${data.layer} has no outcomes of ${name}`);
  return found;
}

/** Outcomes of some conditions on one set's prompts. */
function columnsOn(data: LayerFeatures, set: string, conditions: readonly string[]) {
  const rows = data.prompts.map((_, i) => i).filter((i) => data.prompts[i]?.set === set);
  const base = rows.map((i) => data.prompts[i]?.base ?? "");
  return { columns: conditions.map((name) => rows.map((i) => outcome(data, name).refused[i] ?? false)), base };
}

function drop(data: LayerFeatures, name: string, of: string[], condition: string, set: string): Figure {
  const { columns, base } = columnsOn(data, set, ["baseline", condition]);
  return { ...dropFigure(name, of, columns[0] ?? [], columns[1] ?? [], base), layer: data.layer };
}

function controlsOf(data: LayerFeatures, name: string): string[] {
  return data.outcomes.map(({ condition }) => condition).filter((condition) => condition.startsWith(`random/${name}/`));
}

function judge(data: LayerFeatures, k: number, absentBelow: number): Judged {
  const component = data.components[k] as LayerFeatures["components"][number];
  const { name, set } = component;
  const mine = `features/${name}`;
  const own = drop(data, "effect", [name, set], mine, set);
  const direction = drop(data, "effect of the direction", [name, set], `direction/${name}`, set);
  const controls = controlsOf(data, name).map((control, c) => ({
    figure: drop(data, "effect of random features of the same density", [`${name} ${c + 1}`, set], control, set),
    control,
  }));
  const others = data.components.filter((_, other) => other !== k);
  const cross = others.map((other) => ({ other, figure: drop(data, "effect", [name, other.set], mine, other.set) }));
  const figures = [own, direction, ...controls.map(({ figure }) => figure), ...cross.map(({ figure }) => figure)];
  const above = controls.every(({ control }) => {
    const { columns, base } = columnsOn(data, set, [control, mine]);
    return pairedContrast(columns, [1, -1], base).low > 0;
  });
  const words = `ablating ${component.chosen.length} features takes down ${inWords(own)} of ${set}, the direction there ${inWords(direction)}, random features of the same density ${controls.map(({ figure }) => inWords(figure)).join(", ")}`;
  if (component.chosen.length === 0 || (own.low ?? 0) <= 0 || !above) {
    const possible = (direction.low ?? 0) > 0.2;
    return {
      verdict: possible ? "not found" : "undecided",
      because: possible
        ? `${words}: the dictionary cannot do here what the direction does; its features write ${percent(component.explained)} of the difference between refused and complied prompts`
        : `${words}: neither is enough at this one place`,
      figures,
      own,
    };
  }
  // An effect on another category is held against what that category's own features do there.
  const compared = cross.map(({ other, figure }) => {
    const { columns, base } = columnsOn(data, other.set, ["baseline", mine, `features/${other.name}`]);
    const contrast = pairedContrast(columns, [1 - absentBelow, -1, absentBelow], base);
    return { set: other.set, figure, absent: contrast.high < 0, present: contrast.low > 0 };
  });
  const rest = compared.map((one) => `${inWords(one.figure)} of ${one.set}`).join(", ");
  const because = rest === "" ? words : `${words}; of the others it takes down ${rest}`;
  if (compared.some(({ present }) => present)) return { verdict: "shared", because, figures, own };
  if (compared.every(({ absent }) => absent)) return { verdict: "own category only", because, figures, own };
  const open = compared.filter(({ absent }) => !absent).map((one) => one.set);
  return {
    verdict: "undecided",
    because: `${because}; whether the effect on ${open.join(", ")} is absent needs more test prompts`,
    figures,
    own,
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

function sentence(name: string, data: LayerFeatures, k: number, { verdict, because }: Judged): string {
  const listed = data.components[k]?.chosen.map(({ feature }) => `#${feature}`).join(", ") ?? "";
  switch (verdict) {
    case "own category only":
      return `${name} is carried at ${data.at} by features of its own (${listed}): ${because}.`;
    case "shared":
      return `The features of ${name} at ${data.at} (${listed}) carry other categories too: ${because}.`;
    case "not found":
      return `The dictionary at ${data.at} cannot carry ${name}: ${because}.`;
    case "undecided":
      return `Whether features at ${data.at} carry ${name} is undecided: ${because}.`;
  }
}

function effects(data: LayerFeatures, config: Settings): ViewBlock {
  const sets = data.components.map(({ set }) => set);
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

function featureTable(data: LayerFeatures): ViewBlock {
  return {
    type: "table",
    title: `Features at ${data.at}`,
    caption: `The dictionary has ${data.features} features. First-order effect: the share of the difference between refused and complied prompts that the feature writes.`,
    columns: [
      { label: "component" },
      { label: "feature" },
      { label: "decoder cosine" },
      { label: "fires, refused", unit: "share" },
      { label: "fires, complied", unit: "share" },
      { label: "first-order effect", unit: "share" },
    ],
    rows: data.components.flatMap(({ name, chosen, refused, complied }) =>
      chosen.map((one) => ({
        cells: [
          name,
          `#${one.feature}`,
          { value: one.cosine },
          { value: one.firesRefused, n: refused },
          { value: one.firesComplied, n: complied },
          { value: one.attribution, n: refused + complied },
        ],
        evidence: name,
      })),
    ),
  };
}

function profile(layers: readonly LayerFeatures[], judged: readonly Judged[][], config: Settings): ViewBlock {
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
