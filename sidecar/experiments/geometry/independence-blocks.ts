import type { Figure } from "../../../shared/plugin/result-document.ts";
import type { LinesBlock, MatrixBlock, ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { shown } from "../study/intervals.ts";
import { toFigure } from "../study/to-figure.ts";
import { INDEPENDENCE_CONTROL, type Independence } from "./independence.ts";

function matrix(all: readonly Independence[], shifts: readonly Figure[]): MatrixBlock {
  const rows = [...all.map(({ probed }) => probed), INDEPENDENCE_CONTROL];
  const cell = (ablated: string, probed: string): ShownFigure => {
    const found = shifts.find(({ of }) => of[0] === probed && of[1] === ablated);
    return found ? shown(found) : { value: null, why: "not measured" };
  };
  return {
    type: "matrix",
    title: "Representational independence",
    caption:
      "How far the cosine of the activation with the column's direction moves, on average over layers and the column's test prompts, when the row is ablated everywhere. On the diagonal: ablating the direction itself. The last row is a random direction of the data's covariance.",
    unit: "change of the cosine",
    rowLabel: "ablated",
    columnLabel: "read",
    rows: rows.map((label) => ({ label, control: label === INDEPENDENCE_CONTROL })),
    columns: all.map(({ probed }) => probed),
    cells: rows.map((ablated) => all.map(({ probed }) => cell(ablated, probed))),
    scale: { min: -0.5, max: 0.5 },
  };
}

function profiles({ probed, n, profiles: found }: Independence, layers: readonly number[]): LinesBlock {
  return {
    type: "lines",
    title: `How ${probed} is read while others are ablated`,
    caption: "Mean cosine of the activation with the direction. Where a line lies on the first, nothing moved.",
    x: { label: "layer", values: [...layers] },
    y: { label: `cosine with ${probed}`, unit: "cosine" },
    series: found
      .filter(({ ablated }) => ablated !== probed)
      .map(({ ablated, control, values }) => ({
        label: ablated === null ? "nothing ablated" : `${ablated} ablated`,
        control,
        values: values.map((value) => (Number.isFinite(value) ? value : null)),
        n,
      })),
    marks: [],
    spans: [],
  };
}

/** Figures, notes and pictures of representational independence. */
export function independenceBlocks(
  all: readonly Independence[],
  layers: readonly number[],
): { figures: Figure[]; notes: string[]; blocks: ViewBlock[] } {
  if (all.length === 0) return { figures: [], notes: [], blocks: [] };
  const figures = all.flatMap(({ shifts }) => shifts.map((shift) => toFigure(shift)));
  const largest = (keep: (of: readonly string[]) => boolean) =>
    Math.max(0, ...figures.filter(({ of }) => keep(of)).map(({ estimate }) => estimate ?? 0)).toFixed(2);
  const note = `Ablating one component moves the cosine with another by at most ${largest(
    ([probed, ablated]) => probed !== ablated && ablated !== INDEPENDENCE_CONTROL,
  )} on average, a random direction by at most ${largest(([, ablated]) => ablated === INDEPENDENCE_CONTROL)}, a component's own ablation by up to ${largest(([probed, ablated]) => probed === ablated)}.`;
  return {
    figures,
    notes: [note],
    blocks: [matrix(all, figures), ...all.map((one) => profiles(one, layers))],
  };
}
