import type { Evidence, ExperimentSummary, Figure } from "../../../shared/plugin/result-document.ts";
import type { MatrixBlock, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { aucInterval } from "../../statistics/auc.ts";
import { evidenceOf } from "../study/evidence.ts";
import { inWords, meanFigure, rateFigure, shown } from "../study/intervals.ts";
import type { Outcomes } from "../study/outcomes.ts";
import { toFigure } from "../study/to-figure.ts";

export interface QuadrantData {
  prompts: { id: string; text: string; base: string; harmful: boolean; set: string; category: string | null }[];
  outcomes: Outcomes;
  harmfulness: number[];
  refusal: number[];
  threshold: number;
  inverted: boolean[];
  directions: { name: string; with: string; cosine: number | null; n: [number, number] }[];
}

export type Cell = "harmful, refused" | "harmful, complied" | "harmless, refused" | "harmless, complied";
const CELLS: readonly Cell[] = ["harmful, refused", "harmful, complied", "harmless, refused", "harmless, complied"];

export function cellOf(harmful: boolean, refused: boolean): Cell {
  return `${harmful ? "harmful" : "harmless"}, ${refused ? "refused" : "complied"}`;
}

export function summariseQuadrants(
  data: QuadrantData,
  seed: number,
  [harmName, refusalName]: readonly [string, string],
  cell: typeof cellOf,
): ExperimentSummary {
  const { prompts, outcomes, harmfulness, refusal, threshold, inverted } = data;
  const figures: Figure[] = [];
  const evidence: Record<string, Evidence> = {};
  const judgements: { name: string; harmful: boolean[] }[] = [
    { name: "label", harmful: prompts.map((prompt) => prompt.harmful) },
    { name: "the model's reading", harmful: harmfulness.map((value) => value > threshold) },
    ...(inverted.length > 0 ? [{ name: "the model's own answer", harmful: inverted }] : []),
  ];
  const rows: { cells: (string | ReturnType<typeof shown>)[]; evidence: string }[] = [];
  for (const { name, harmful } of judgements) {
    for (const one of CELLS) {
      const at = prompts
        .map((_, i) => i)
        .filter((i) => cell(harmful[i] === true, outcomes.refused[i] === true) === one);
      const isHarmful = one.startsWith("harmful");
      const inRow = prompts.map((_, i) => i).filter((i) => harmful[i] === isHarmful);
      const base = at.map((i) => prompts[i]?.base ?? "");
      const share = rateFigure(
        "share of cell",
        [one, name],
        inRow.map((i) => at.includes(i)),
        inRow.map((i) => prompts[i]?.base ?? ""),
      );
      const count: Figure = {
        name: "prompts",
        of: [one, name],
        estimate: at.length,
        low: null,
        high: null,
        n: prompts.length,
        unit: "prompts",
      };
      const harm = meanFigure(
        "mean harmfulness",
        [one, name],
        at.map((i) => harmfulness[i] ?? 0),
        base,
        "projection",
        seed,
      );
      const refuse = meanFigure(
        "mean refusal",
        [one, name],
        at.map((i) => refusal[i] ?? 0),
        base,
        "projection",
        seed,
      );
      figures.push(count, share, harm, refuse);
      const key = `${name}/${one}`;
      evidence[key] = evidenceOf(`${one}, by ${name}`, prompts, [outcomes], (i) => at.includes(i));
      rows.push({
        cells: [
          name,
          one,
          { value: at.length, n: prompts.length, unit: "prompts", evidence: key },
          shown(share, key),
          shown(harm),
          shown(refuse),
          prompts[at[0] ?? -1]?.text ?? "\u2013",
        ],
        evidence: key,
      });
    }
  }
  const off = prompts.map((_, i) => i).filter((i) => prompts[i]?.harmful !== outcomes.refused[i]);
  const labels = off.map((i) => prompts[i]?.harmful === true);
  const decidable = labels.some(Boolean) && labels.some((label) => !label);
  const area = decidable
    ? toFigure({
        name: "auc of harmfulness where refusal contradicts the label",
        of: [harmName],
        ...aucInterval(
          off.map((i) => harmfulness[i] ?? 0),
          labels,
        ),
        unit: "auc",
      })
    : null;
  const areaIndex = figures.length;
  if (area) figures.push(area);
  const verdict = !area
    ? "undecided"
    : (area.low ?? 0) > 0.5
      ? "apart"
      : (area.high ?? 1) < 0.5
        ? "together"
        : "undecided";
  const counts = `${labels.filter(Boolean).length} harmful prompts are complied with and ${labels.filter((label) => !label).length} harmless ones refused`;
  const because = area
    ? `${counts}; there ${harmName} still follows the label with AUC ${inWords(area)}`
    : `${counts}: both kinds are needed to see whether harmfulness follows the label or the refusal`;
  const says: Record<string, string> = {
    apart: "Harmfulness and refusal come apart",
    together: "Harmfulness is read where the model refuses, whatever the label",
    undecided: "Whether harmfulness and refusal come apart is undecided",
  };
  const blocks: ViewBlock[] = [
    ...judgements.map(({ name, harmful }): MatrixBlock => {
      const square = (isHarmful: boolean, isRefused: boolean) => {
        const inRow = prompts.map((_, i) => i).filter((i) => harmful[i] === isHarmful);
        const one = cell(isHarmful, isRefused);
        const share = rateFigure(
          "share of cell",
          [one, name],
          inRow.map((i) => outcomes.refused[i] === isRefused),
          inRow.map((i) => prompts[i]?.base ?? ""),
        );
        return shown(share, `${name}/${one}`);
      };
      return {
        type: "matrix",
        title: `Two by two, harmful by ${name}`,
        caption:
          "Share of each row's test prompts that are refused or complied with; the prompts stand behind each cell.",
        unit: "rate",
        rowLabel: name,
        columnLabel: "the model",
        rows: [
          { label: "harmful", control: false },
          { label: "harmless", control: false },
        ],
        columns: ["refused", "complied"],
        cells: [true, false].map((isHarmful) => [square(isHarmful, true), square(isHarmful, false)]),
        scale: { min: -1, max: 1 },
      };
    }),
    {
      type: "table",
      title: "Quadrants",
      caption:
        "Test prompts. Shares are of the harmful or the harmless prompts. The model's reading is its harmfulness at the last instruction token, cut at the middle of the validation means.",
      columns: [
        { label: "harmful by" },
        { label: "cell" },
        { label: "prompts" },
        { label: "share", unit: "rate" },
        { label: harmName, unit: "projection" },
        { label: refusalName, unit: "projection" },
        { label: "example" },
      ],
      rows,
    },
    {
      type: "plane",
      title: "Harmfulness and refusal",
      x: { label: harmName, unit: "projection" },
      y: { label: refusalName, unit: "projection" },
      points: prompts.map(({ id, harmful, category, set }, i) => ({
        at: [harmfulness[i] ?? 0, refusal[i] ?? 0] as [number, number],
        label: `${category ?? set}: ${id}`,
        group: cell(harmful, outcomes.refused[i] === true),
        evidence: `label/${cell(harmful, outcomes.refused[i] === true)}`,
      })),
      arrows: [],
    },
    {
      type: "table",
      title: "Directions between cells",
      caption: "Cosine with the component of the difference between the cells' mean activations.",
      columns: [{ label: "between" }, { label: "with" }, { label: "cosine" }],
      rows: data.directions.map(({ name, with: other, cosine, n }) => ({
        cells: [
          name,
          other,
          cosine === null
            ? { value: null, why: `cells of ${n.join(" and ")} prompts` }
            : { value: cosine, n: n[0] + n[1], unit: "cosine" },
        ],
      })),
    },
  ];
  for (const { name, with: other, cosine, n } of data.directions) {
    figures.push({
      name: `cosine, ${name}`,
      of: [other],
      estimate: cosine,
      low: null,
      high: null,
      n: n[0] + n[1],
      unit: "cosine",
      ...(cosine === null ? { why: "too few prompts in a cell" } : {}),
    });
  }
  return {
    figures,
    verdicts: [{ of: [harmName, refusalName], verdict, because, figures: area ? [areaIndex] : [] }],
    sentences: [`${says[verdict] ?? ""}: ${because}.`],
    notes: [],
    blocks,
    evidence,
  };
}
