import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { LinesBlock, MatrixBlock, ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { verdictOverLayers } from "../../statistics/battery/battery.ts";
import { effectFigure } from "../../statistics/battery/effect-figure.ts";
import { qualifyingLayers } from "../../statistics/battery/qualifying-layers.ts";
import type { BatteryResult } from "../../statistics/battery/result.ts";
import { singularShares } from "../../statistics/effective-rank.ts";
import { evidenceOf } from "../study/evidence.ts";
import { toFigure } from "../study/to-figure.ts";
import { effectMatrix, rowOf } from "./effect-matrix.ts";
import type { LayerData } from "./layer-battery.ts";
import type { PushData } from "./push.ts";
import { summarisePush } from "./summarise-push.ts";

const CONTROLS =
  "The last rows are controls: a random direction, one with the covariance of the refused prompts (it shares what varies among them), and the difference between harmless topics.";

type Layers = readonly (LayerData & { modelLayers: number })[];

interface PairSummary {
  of: [string, string];
  battery: BatteryResult;
}

function pairsOf(components: readonly string[]): [string, string][] {
  return components.flatMap((a, i) => components.slice(i + 1).map((b): [string, string] => [a, b]));
}

function judge(of: [string, string], layers: Layers): PairSummary {
  const effects = layers.map(({ layer, components }) => ({
    layer,
    own: of.map((name) => components.find((one) => one.name === name)?.effect ?? 0) as [number, number],
  }));
  const qualifying = new Set(qualifyingLayers(effects, layers[0]?.modelLayers ?? 0));
  const results = layers
    .filter(({ layer }) => qualifying.has(layer))
    .flatMap(({ pairs }) => pairs.filter((pair) => pair.of[0] === of[0] && pair.of[1] === of[1]))
    .flatMap(({ result }) => (result ? [result] : []));
  return { of, battery: verdictOverLayers(of, results) };
}

/** `1-3`, `4` */
function spansOf(
  byLayer: readonly { layer: number; verdict: string }[],
): { from: number; to: number; label: string }[] {
  const spans: { from: number; to: number; label: string }[] = [];
  for (const { layer, verdict } of byLayer) {
    const last = spans.at(-1);
    if (last && last.label === verdict && last.to === layer - 1) last.to = layer;
    else spans.push({ from: layer, to: layer, label: verdict });
  }
  return spans;
}

const SENTENCES: Record<string, (a: string, b: string) => string> = {
  detached: (a, b) => `${a} and ${b} are refused by two separate causes, and their directions have distinct shapes.`,
  sintered: (a, b) => `${a} and ${b} are refused by one cause, and their directions have one shape.`,
  "one cause under distinct shapes": (a, b) => `${a} and ${b} are refused by one cause under distinct shapes.`,
  "distinct causes under one shape": (a, b) =>
    `${a} and ${b} are refused by two separate causes although their directions have one shape.`,
  overlapping: (a, b) => `${a} and ${b} have causes of their own that overlap.`,
  undecided: (a, b) =>
    `Whether ${a.charAt(0).toLowerCase() + a.slice(1)} and ${b} are refused by one cause is undecided.`,
};

function sentence({ of: [a, b], battery: { verdict } }: PairSummary): string {
  const name = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const first = (SENTENCES[verdict.verdict] ?? SENTENCES.undecided)?.(name(a), b) ?? "";
  const { mergeLayer } = verdict;
  const early = verdict.byLayer.filter(
    ({ layer, causes }) => mergeLayer !== null && layer < mergeLayer && causes === "distinct",
  );
  const apart = early.map(({ layer }) => layer);
  const merge =
    mergeLayer !== null && apart.length > 0
      ? ` Their causes are told apart at layer ${apart.join(", ")} and are one from layer ${mergeLayer} on.`
      : "";
  const where = verdict.layer === null ? "" : ` (Layer ${verdict.layer}.)`;
  return `${first}${merge} ${verdict.because}${where}`;
}

/**
 * How much of the matrix of effects a second cause explains: the share of sigma_2^2 of M, components by their categories. Supporting only,
 * since one knob that saturates has rank two; null where a cell is missing.
 */
function secondCause(
  data: LayerData,
  of: readonly [string, string],
  prompts: ReadonlyMap<string, string>,
): number | null {
  const cells = of.map((ablated) =>
    of.map((on) => {
      const category = data.categories.find((one) => one.category === prompts.get(on));
      const [baseline, outcomes] = [category?.rows[0], rowOf(category, ablated)];
      return category && baseline && outcomes
        ? effectFigure([ablated, on], category.base, baseline, outcomes).estimate
        : Number.NaN;
    }),
  );
  return cells.flat().every(Number.isFinite) ? (singularShares(cells)[1] ?? null) : null;
}

function evidenceKey(layer: number, ablated: string, category: string): string {
  return `layer-${layer}/${ablated}/${category}`;
}

/** The prompts behind a pair's effects at every layer, for the picture over layers. */
function addEvidence(
  evidence: Record<string, Evidence>,
  of: readonly [string, string],
  layers: Layers,
  prompts: ReadonlyMap<string, string>,
): void {
  for (const { layer, categories } of layers) {
    for (const category of categories.filter((one) => of.some((name) => prompts.get(name) === one.category))) {
      for (const ablated of of) {
        const [baseline, outcomes] = [category.rows[0], rowOf(category, ablated)];
        if (!baseline || !outcomes) continue;
        evidence[evidenceKey(layer, ablated, category.category)] = evidenceOf(
          `${category.category} with ${ablated} ablated at layer ${layer}`,
          category.prompts,
          [baseline, outcomes],
        );
      }
    }
  }
}

/** Effects by layer with the verdicts under the axis and the merge layer marked. */
function profile({ of, battery }: PairSummary, layers: Layers, prompts: ReadonlyMap<string, string>): LinesBlock {
  const values = layers.map(({ layer }) => layer);
  const series = of.flatMap((ablated) =>
    of.map((on) => {
      const figures = layers.map(({ categories }) => {
        const category = categories.find((one) => one.category === prompts.get(on));
        const [baseline, outcomes] = [category?.rows[0], rowOf(category, ablated)];
        return category && baseline && outcomes ? effectFigure([ablated, on], category.base, baseline, outcomes) : null;
      });
      return {
        label: `${ablated} ablated, ${on} asked`,
        control: false,
        values: figures.map((figure) => figure?.estimate ?? null),
        low: figures.map((figure) => figure?.low ?? null),
        high: figures.map((figure) => figure?.high ?? null),
        n: Math.max(0, ...figures.map((figure) => figure?.n ?? 0)),
        evidence: layers.map(({ layer }, i) =>
          figures[i] ? evidenceKey(layer, ablated, prompts.get(on) ?? on) : null,
        ),
      };
    }),
  );
  const { mergeLayer, byLayer } = battery.verdict;
  return {
    type: "lines",
    title: `${of.join(" and ")} by layer`,
    caption:
      "Both directions are recomputed at each layer. Layers without values have no direction there with enough effect of its own.",
    x: { label: "layer", values },
    y: { label: "drop of the refusal rate", unit: "rate", min: -0.2, max: 1 },
    series,
    marks: mergeLayer === null ? [] : [{ x: mergeLayer, label: "merge layer" }],
    spans: spansOf(byLayer),
  };
}

function cosineMatrix(components: readonly string[], pairs: readonly PairSummary[]): MatrixBlock {
  const cell = (a: string, b: string): ShownFigure => {
    if (a === b) return { value: 1, unit: "cosine" };
    const pair = pairs.find(({ of }) => of.includes(a) && of.includes(b));
    const figure = pair?.battery.figures.find(({ name }) => name === "cosine");
    return figure
      ? { value: figure.estimate, low: figure.low, high: figure.high, n: figure.n, unit: "cosine" }
      : { value: null, why: "no layer at which both have an effect of their own" };
  };
  return {
    type: "matrix",
    title: "Shapes",
    caption: "Cross-fitted cosine of the directions at the layer of each pair's verdict, with jackknife intervals.",
    unit: "cosine",
    rowLabel: "direction",
    columnLabel: "direction",
    rows: components.map((label) => ({ label, control: false })),
    columns: [...components],
    cells: components.map((a) => components.map((b) => cell(a, b))),
    scale: { min: -1, max: 1 },
  };
}

function notesOf(pair: PairSummary): string[] {
  const [a, b] = pair.of;
  const controls = pair.battery.figures.filter(({ name }) => name === "control effect");
  const largest = (kind: string) => {
    const ofKind = controls.filter(({ of }) => of[0]?.startsWith(kind));
    const most = Math.max(...ofKind.map(({ estimate }) => Math.abs(estimate)));
    return ofKind.length > 0 ? [`${kind} at most ${Math.round(100 * most)}%`] : [];
  };
  const reliability = pair.battery.figures
    .filter(({ name }) => name === "reliability")
    .map(({ estimate }) => estimate.toFixed(2));
  return pair.battery.verdict.layer === null
    ? []
    : [
        `${a} and ${b}: of the refusals, control rows change: ${["random", "covariance", "topics"].flatMap(largest).join(", ")}; split-half reliability ${reliability.join(" and ")}.`,
      ];
}

export function summariseCrossAblation(
  components: readonly string[],
  categories: readonly string[],
  layers: Layers,
  push: PushData | null,
): ExperimentSummary {
  const pairs = pairsOf(components).map((of) => judge(of, layers));
  const prompts = new Map(components.map((name, i) => [name, categories[i] ?? name]));
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const evidence: Record<string, Evidence> = {};
  const blocks: ViewBlock[] = [cosineMatrix(components, pairs)];
  const shown = new Set<number>();
  const ranks: string[] = [];
  for (const { of, battery } of pairs) {
    const first = figures.length;
    const layer = battery.verdict.layer;
    figures.push(...battery.figures.map((figure) => toFigure(figure, layer)));
    verdicts.push({
      of,
      verdict: battery.verdict.verdict,
      because: battery.verdict.because,
      figures: battery.verdict.figures.map((index) => first + index),
      layer,
      byLayer: battery.verdict.byLayer.map(({ layer, verdict }) => ({ layer, verdict })),
      mergeLayer: battery.verdict.mergeLayer,
    });
    const data = layers.find((one) => one.layer === layer);
    const second = data ? secondCause(data, of, prompts) : null;
    if (second !== null && layer !== null) {
      const n = Math.min(...(data?.categories.map(({ base }) => base.length) ?? [0]));
      figures.push({
        name: "share of a second cause",
        of,
        estimate: second,
        low: null,
        high: null,
        n,
        unit: "share",
        layer,
      });
      ranks.push(
        `${of.join(" and ")}: of the squared effects, a second cause accounts for ${Math.round(second * 100)}% (supporting only: one knob that saturates can look like two).`,
      );
    }
    if (data && !shown.has(data.layer)) {
      shown.add(data.layer);
      blocks.push(
        effectMatrix(data.categories, evidence, {
          title: `Causes at layer ${data.layer}`,
          caption: `Drop of the refusal rate on test prompts when the row is ablated everywhere, taken at layer ${data.layer}. ${CONTROLS}`,
          rowLabel: "ablated",
          key: `layer-${data.layer}`,
          evidenceTitle: (name, category) => `${category} with ${name} ablated at layer ${data.layer}`,
        }),
      );
    }
  }
  for (const pair of pairs) {
    addEvidence(evidence, pair.of, layers, prompts);
    blocks.push(profile(pair, layers, prompts));
  }
  const notes = [...pairs.flatMap(notesOf), ...ranks];
  if (push) {
    const pushed = summarisePush(push, evidence);
    figures.push(...pushed.figures);
    notes.push(...pushed.notes);
    blocks.push(...pushed.blocks);
  }
  return { figures, verdicts, sentences: pairs.map(sentence), notes, blocks, evidence };
}
