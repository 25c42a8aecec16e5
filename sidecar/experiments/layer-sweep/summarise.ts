import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { LinesBlock, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { auc, aucInterval, dPrime } from "../../statistics/auc.ts";
import { labelPermutation } from "../../statistics/label-permutation.ts";
import { effectOnset, fullEffectLayers, layerLag, readingOnset } from "../../statistics/onset.ts";
import { seeded } from "../../statistics/random.ts";
import { dropFigure, inWords } from "../study/intervals.ts";
import { toFigure } from "../study/to-figure.ts";
import { lagBlock, type ReadOut } from "./lag-block.ts";
import type { ReadProfile, Writes } from "./read-profile.ts";
import type { SweepOutcome, WindowEffect } from "./sweep-effects.ts";

export interface SweepResult {
  component: string;
  layer: number;
  profiles: ReadProfile[];
  baseline: boolean[];
  windows: WindowEffect[];
  base: string[];
  prompts: { id: string; text: string }[];
  writes: Writes[];
}

const FAMILIES = {
  single: "one layer",
  window: "sliding window",
  below: "all layers up to",
  above: "all layers from",
} as const;

function readingOf(component: string, profile: ReadProfile, seed: number): ReadOut {
  const areas: Figure[] = [];
  const nullHigh: number[] = [];
  for (const [layer, scores] of profile.scores.entries()) {
    areas.push(
      toFigure(
        { name: "auc", of: [component, profile.against], ...aucInterval(scores, profile.positive), unit: "auc" },
        layer,
      ),
    );
    const permuted = labelPermutation(profile.positive, profile.base, (labels) => auc(scores, labels), {
      random: seeded(seed, `null/${component}/${profile.against}/${layer}`),
      permutations: 200,
    });
    nullHigh.push(permuted.high);
  }
  const layers = profile.scores.map((_, layer) => layer);
  return {
    against: profile.against,
    areas,
    nullHigh,
    onset: readingOnset(
      areas.map(({ estimate }) => estimate ?? Number.NaN),
      layers,
    ),
  };
}

function profileBlock(
  component: string,
  readings: readonly ReadOut[],
  effects: ReadonlyMap<string, Figure[]>,
  marks: LinesBlock["marks"],
  noun: string,
): LinesBlock[] {
  const layers = readings[0]?.areas.map((_, layer) => layer) ?? [];
  const band = (figures: readonly Figure[]) => ({
    values: figures.map(({ estimate }) => estimate),
    low: figures.map(({ low }) => low),
    high: figures.map(({ high }) => high),
    n: Math.max(0, ...figures.map(({ n }) => n)),
  });
  return [
    {
      type: "lines",
      title: `${component}: where it can be read`,
      caption:
        "AUC on test prompts of the projection on the difference of the training means, at each layer. The grey line is the upper limit under permuted labels.",
      x: { label: "read-out layer", values: layers },
      y: { label: "AUC", unit: "auc", min: 0.3, max: 1 },
      series: [
        ...readings.map(({ against, areas }) => ({ label: `against ${against}`, control: false, ...band(areas) })),
        { label: "permuted labels, 97.5%", control: true, values: readings[0]?.nullHigh ?? [] },
      ],
      marks: marks.filter(({ label }) => label.startsWith("reading")),
      spans: [],
    },
    {
      type: "lines",
      title: `${component}: where editing it has an effect`,
      caption: "The direction stays the one that was found at its source layer; what changes is where it is ablated.",
      x: { label: "intervention layer", values: layers },
      y: { label: noun, unit: "rate", min: -0.1, max: 1 },
      series: [...effects].map(([family, figures]) => ({
        label: FAMILIES[family as keyof typeof FAMILIES],
        control: false,
        ...band(figures),
      })),
      marks: marks.filter(({ label }) => label.startsWith("effect")),
      spans: [],
    },
  ];
}

function writesBlock({ component, writes }: SweepResult): ViewBlock {
  const layers = writes[0]?.attention.map((_, layer) => layer) ?? [];
  return {
    type: "lines",
    title: `${component}: who writes it`,
    caption:
      "Mean of what attention and the MLP of each layer add along the direction, at the last prompt token of test prompts.",
    x: { label: "layer", values: layers },
    y: { label: "written along the direction", unit: "projection" },
    series: writes.flatMap(({ group, n, attention, mlp }) => [
      { label: `attention, ${group}`, control: false, values: attention, n },
      { label: `MLP, ${group}`, control: false, values: mlp, n },
    ]),
    marks: [],
    spans: [],
  };
}

export function summariseSweep(all: readonly SweepResult[], outcome: SweepOutcome, seed: number): ExperimentSummary {
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const notes: string[] = [];
  const blocks: ViewBlock[] = [];
  const evidence: Record<string, Evidence> = {};
  const noun = outcome === "refusal" ? "drop of the refusal rate" : "share of refusals with another first word";
  for (const result of all) {
    const { component, profiles, baseline, windows, base, prompts } = result;
    const first = figures.length;
    const readings = profiles.map((profile) => readingOf(component, profile, seed));
    const effects = new Map<string, Figure[]>();
    for (const [family, members] of Map.groupBy(windows, (window) => window.family)) {
      const sorted = [...members].sort((a, b) => a.at - b.at);
      effects.set(
        family,
        sorted.map(({ at, kept }) => ({
          ...dropFigure(`effect, ${FAMILIES[family]}`, [component], baseline, kept, base),
          layer: at,
        })),
      );
      // Evidence of one family only: the others differ in where they begin and end, and would quadruple the page.
      for (const { at, kept, score } of family === "single" ? sorted : []) {
        evidence[`${component}/${family}/${at}`] = {
          title: `${component} ablated: ${FAMILIES[family]} ${at}`,
          rows: prompts.map(({ id, text }, i) => ({
            id,
            prompt: text,
            outcomes: [
              { condition: "baseline", reply: null, score: null, class: baseline[i] ? "refusal" : "compliance" },
              { condition: "ablated", reply: null, score: score[i] ?? null, class: kept[i] ? "refusal" : "compliance" },
            ],
          })),
        };
      }
    }
    const single = effects.get("single") ?? [];
    const layers = single.map((_, layer) => layer);
    const drops = single.map(({ estimate }) => estimate ?? Number.NaN);
    const onset = effectOnset(drops, layers);
    const full = fullEffectLayers(drops, layers);
    const reading = readings[0];
    for (const one of readings) figures.push(...one.areas);
    for (const figure of effects.values()) figures.push(...figure);
    const profile = profiles[0];
    if (profile) {
      for (const [layer, scores] of profile.scores.entries()) {
        figures.push(
          toFigure(
            {
              name: "d prime",
              of: [component, profile.against],
              estimate: dPrime(scores, profile.positive),
              low: Number.NaN,
              high: Number.NaN,
              n: scores.length,
              unit: "d'",
            },
            layer,
          ),
        );
      }
    }
    const lag =
      profile && single.length > 0
        ? layerLag(
            {
              readLayers: profile.scores.map((_, layer) => layer),
              effectLayers: layers,
              scores: profile.scores,
              positive: profile.positive,
              scoreBase: profile.base,
              baseline,
              edited: [...windows]
                .filter(({ family }) => family === "single")
                .sort((a, b) => a.at - b.at)
                .map(({ kept }) => kept),
              effectBase: base,
            },
            seeded(seed, `lag/${component}`),
            500,
          )
        : null;
    if (lag) {
      const n = base.length;
      figures.push(
        toFigure({ name: "reading onset", of: [component], ...lag.reading, n, unit: "layer" }),
        toFigure({ name: "effect onset", of: [component], ...lag.effect, n, unit: "layer" }),
        toFigure({ name: "lag", of: [component], ...lag.lag, n, unit: "layers" }),
      );
    }
    const lagFigure = figures.findLast(({ name, of }) => name === "lag" && of[0] === component);
    const largest = Math.max(0, ...drops.filter((drop) => !Number.isNaN(drop)));
    const verdict =
      lag === null || largest < 0.1
        ? "undecided"
        : lag.lag.low > 0
          ? "read before effect"
          : lag.lag.high < 0
            ? "effect before read"
            : "undecided";
    const because =
      lag === null
        ? `no single layer of ${component} has an effect`
        : `it can be read from layer ${reading?.onset ?? "?"} on and edited with full effect from layer ${onset ?? "?"} on; lag ${inWords(lagFigure)} layers`;
    verdicts.push({ of: [component], verdict, because, figures: figures.slice(first).map((_, i) => first + i) });
    sentences.push(
      onset === null
        ? `${component} can be read from layer ${reading?.onset ?? "?"} on, but no single layer's ablation has an effect.`
        : `${component} can be read from layer ${reading?.onset ?? "?"} on; ablating it at one layer has its full effect at ${full.join(", ")} (lag ${inWords(lagFigure)} layers).`,
    );
    notes.push(
      ...readings
        .slice(1)
        .map(
          ({ against, onset: from }) => `${component} against ${against}: readable from layer ${from ?? "none"} on.`,
        ),
    );
    const marks = [
      ...(reading?.onset === null || reading === undefined ? [] : [{ x: reading.onset, label: "reading onset" }]),
      ...(onset === null ? [] : [{ x: onset, label: "effect onset" }]),
    ];
    if (reading) blocks.push(lagBlock(component, base.length, reading, single, marks, lagFigure, noun));
    blocks.push(...profileBlock(component, readings, effects, marks, noun), writesBlock(result));
  }
  return { figures, verdicts, sentences, notes, blocks, evidence };
}
