import type { ExperimentSummary, Figure as ResultFigure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { ShownFigure, TableBlock, ViewBlock } from "../../../shared/plugin/view-block.ts";
import type { Figure, Interval } from "../../statistics/figure.ts";
import { inWords, shown } from "../study/intervals.ts";
import { toFigure } from "../study/to-figure.ts";
import type { Erasure } from "./erasure.ts";
import type { Independence } from "./independence.ts";
import { independenceBlocks } from "./independence-blocks.ts";

export interface GeometryData {
  layers: number[];
  directions: { name: string; layer: number; position: number }[];
  effectiveRank: number;
  independence: Independence[];
  pairs: {
    of: [string, string];
    layer: number;
    verdict: "distinct" | "one" | "undecided";
    because: string;
    figures: Figure[];
    /** Cosines of the principal angles of both categories' leading subspaces. */
    principal: Interval[];
    erasure: Erasure[];
    profile: ({ estimate: number; low: number; high: number } | null)[];
  }[];
}

/** A figure that has been through JSON: what was no number is null. */
function restored(figure: Figure): Figure {
  return {
    ...figure,
    estimate: figure.estimate ?? Number.NaN,
    low: figure.low ?? Number.NaN,
    high: figure.high ?? Number.NaN,
  };
}

const WORDS = {
  distinct: (a: string, b: string) => `The directions of ${a} and ${b} have distinct shapes`,
  one: (a: string, b: string) => `The directions of ${a} and ${b} have one shape`,
  undecided: (a: string, b: string) => `Whether the directions of ${a} and ${b} have one shape is undecided`,
};

/** More pairs than these are told in one sentence; the verdicts stand pair by pair below it. */
const FEW_PAIRS = 3;

function overPairs(pairs: GeometryData["pairs"]): string {
  const of = (word: GeometryData["pairs"][number]["verdict"]) => pairs.filter(({ verdict }) => verdict === word);
  const named = (word: "one" | "undecided") =>
    of(word)
      .map((pair) => pair.of.join(" and "))
      .join(", ");
  const parts = [`${of("distinct").length} have distinct shapes`];
  if (of("one").length > 0) parts.push(`${of("one").length} one shape (${named("one")})`);
  if (of("undecided").length > 0) parts.push(`${of("undecided").length} are undecided (${named("undecided")})`);
  return `Of ${pairs.length} pairs of directions ${parts.join(", ")}.`;
}

export function summariseGeometry(data: GeometryData, names: readonly string[]): ExperimentSummary {
  const figures: ResultFigure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const notes: string[] = [];
  const controls: TableBlock["rows"] = [];
  const cosines = new Map<string, ResultFigure>();
  for (const { of, layer, verdict, because, figures: measured } of data.pairs) {
    const first = figures.length;
    const own = measured.map((figure) => toFigure(restored(figure), layer));
    figures.push(...own);
    verdicts.push({ of, verdict, because, figures: own.map((_, i) => first + i), layer });
    sentences.push(`${WORDS[verdict](of[0], of[1])} at layer ${layer}: ${because}.`);
    const figure = (name: string) => own.find((one) => one.name === name);
    const cosine = figure("cosine");
    if (cosine) cosines.set(of.join("/"), cosine);
    const nullRange = figure("null cosine");
    const plain = (name: string): ShownFigure => {
      const found = figure(name);
      return { value: found?.estimate ?? null, unit: "cosine", ...(found ? {} : { why: "not measured" }) };
    };
    controls.push({
      cells: [
        of.join(" and "),
        cosine ? shown(cosine) : { value: null, why: "cannot be told from noise" },
        plain("cosine against one harmless mean"),
        plain("cosine between harmless topics"),
        { value: nullRange?.high ?? null, unit: "cosine" },
        own
          .filter(({ name }) => name === "reliability")
          .map(inWords)
          .join(" and "),
      ],
    });
  }
  if (sentences.length > FEW_PAIRS) sentences.unshift(overPairs(data.pairs));
  sentences.splice(sentences.length > FEW_PAIRS ? 1 : sentences.length);
  notes.push(`Effective rank of the ${names.length} directions: ${data.effectiveRank.toFixed(2)}.`);
  const erasures = data.pairs.flatMap(({ erasure, layer }) => erasure.map((one) => ({ ...one, layer })));
  for (const { erased, probed, before, after, n, layer } of erasures) {
    const auc = (name: string, of: string[], area: Interval) =>
      figures.push(toFigure({ name, of, ...area, n, unit: "auc" }, layer));
    auc("probe", [probed], before);
    auc("probe with another erased", [probed, erased], after);
  }
  const cell = (a: string, b: string): ShownFigure => {
    if (a === b) return { value: 1, unit: "cosine" };
    const found = cosines.get(`${a}/${b}`) ?? cosines.get(`${b}/${a}`);
    return found ? shown(found) : { value: null, why: "cannot be told from noise" };
  };
  const blocks: ViewBlock[] = [
    {
      type: "matrix",
      title: "Shapes",
      caption: "Cross-fitted cosine of the directions, with jackknife intervals over base prompts.",
      unit: "cosine",
      rowLabel: "direction",
      columnLabel: "direction",
      rows: names.map((label) => ({ label, control: false })),
      columns: [...names],
      cells: names.map((a) => names.map((b) => cell(a, b))),
      scale: { min: -1, max: 1 },
    },
    {
      type: "lines",
      title: "Cosine by layer",
      caption: "Near the output every refusal shares what it is about to say, and all cosines rise.",
      x: { label: "layer", values: data.layers },
      y: { label: "cross-fitted cosine", unit: "cosine", min: -0.2, max: 1 },
      series: data.pairs.map(({ of, profile }) => ({
        label: of.join(" and "),
        control: false,
        values: profile.map((one) => one?.estimate ?? null),
        low: profile.map((one) => one?.low ?? null),
        high: profile.map((one) => one?.high ?? null),
      })),
      marks: [],
      spans: [],
    },
    {
      type: "table",
      title: "Controls of the cosines",
      caption:
        "Against one harmless mean: what an offset that both share makes of the cosine. Between harmless topics: likeness to the difference of their harmless prompts. Random: 97.5% of directions with the data's covariance lie below; near 1 it excludes nothing, because the data vary along very few directions.",
      columns: [
        "pair",
        "cosine",
        "against one harmless mean",
        "between harmless topics",
        "random, up to",
        "split-half reliability",
      ].map((label) => ({ label })),
      rows: controls,
    },
    {
      type: "matrix",
      title: "Principal angles",
      caption:
        "Cosines between the leading subspaces (k = 1 to 5) of what each category adds to its harmless mean, with jackknife intervals over base prompts.",
      unit: "cosine",
      rowLabel: "pair",
      columnLabel: "angle",
      rows: data.pairs.map(({ of }) => ({ label: of.join(" and "), control: false })),
      columns: (data.pairs[0]?.principal ?? []).map((_, k) => `k = ${k + 1}`),
      cells: data.pairs.map(({ principal, figures: measured }) =>
        principal.map(({ estimate, low, high }) => ({
          value: estimate,
          low,
          high,
          n: Math.round(measured.find(({ name }) => name === "cosine")?.n ?? 0),
          unit: "cosine",
        })),
      ),
      scale: { min: -1, max: 1 },
    },
    {
      type: "table",
      title: "Concept erasure",
      caption:
        "Held-out AUC of a linear probe of one component before and after the other is erased (LEACE). Supporting only: what can still be read need not be used.",
      columns: [
        { label: "erased" },
        { label: "probed" },
        { label: "before", unit: "auc" },
        { label: "after", unit: "auc" },
      ],
      rows: erasures.map(({ erased, probed, before, after, n }) => ({
        cells: [
          erased,
          probed,
          { value: before.estimate, low: before.low, high: before.high, n, unit: "auc" },
          { value: after.estimate, low: after.low, high: after.high, n, unit: "auc" },
        ],
      })),
    },
  ];
  const independent = independenceBlocks(data.independence, data.layers);
  figures.push(...independent.figures);
  notes.push(...independent.notes);
  blocks.push(...independent.blocks);
  return { figures, verdicts, sentences, notes, blocks, evidence: {} };
}
