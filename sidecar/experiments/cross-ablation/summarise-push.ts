import type { Evidence, Figure } from "../../../shared/plugin/result-document.ts";
import type { TableBlock, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { effectFigure } from "../../statistics/battery/effect-figure.ts";
import { countedRefusals } from "../../statistics/battery/outcomes.ts";
import type { Figure as Measured } from "../../statistics/figure.ts";
import { newcombePaired } from "../../statistics/paired-contrast.ts";
import type { Outcomes } from "../study/outcomes.ts";
import { toFigure } from "../study/to-figure.ts";
import { effectMatrix, isControl } from "./effect-matrix.ts";
import type { CategoryData } from "./layer-battery.ts";
import type { PushData } from "./push.ts";

/** Rise of the refusal rate, with Newcombe's paired interval. */
function riseFigure(
  of: readonly [string, string],
  { base }: CategoryData,
  baseline: Outcomes,
  steered: Outcomes,
): Measured {
  const rise = newcombePaired(countedRefusals(steered, baseline), [...baseline.refused], base);
  return { name: "steered refusals", of, ...rise, unit: "rate" };
}

function topicTable({ topics, steered, pushed }: PushData): TableBlock {
  const categories = pushed.map(({ category }) => category);
  return {
    type: "table",
    title: "Which refusal comes out when a direction is added",
    caption:
      "Decoded refusals of the harmless prompts above, by the category whose own refusals share most words with them. They say whose refusal a direction brings about, not whether it is used.",
    columns: [
      { label: "added" },
      { label: "to harmless prompts of" },
      ...categories.map((category) => ({ label: `worded like ${category}` })),
      { label: "wording does not say" },
      { label: "example" },
    ],
    rows: topics.map(({ added, on, topics: counts, example }) => {
      const rows = steered.find(({ category }) => category === on)?.rows ?? [];
      const decoded = (rows.find(({ condition }) => condition === added)?.replies ?? []).filter(
        (reply) => reply !== null,
      ).length;
      const count = (topic: string) => ({ value: counts[topic] ?? 0, n: decoded, unit: "replies" });
      return {
        cells: [added, on, ...categories.map(count), count(""), example ?? "\u2013"],
        evidence: `steer/${added}/${on}`,
      };
    }),
  };
}

function percent(value: number): string {
  return `${Math.round(100 * value)}%`.replace("-", "\u2212");
}

/** Figures, notes and pictures of push and steering; the prompts behind each cell are added to `evidence`. */
export function summarisePush(
  data: PushData,
  evidence: Record<string, Evidence>,
): { figures: Figure[]; notes: string[]; blocks: ViewBlock[] } {
  const push = data.pushed.flatMap((category) => {
    const [baseline, ...rows] = category.rows;
    return baseline
      ? rows.map(
          (row): Measured => ({
            ...effectFigure([row.condition, category.category], category.base, baseline, row),
            name: "push",
          }),
        )
      : [];
  });
  const steered = data.steered.flatMap((category) => {
    const [baseline, ...rows] = category.rows;
    return baseline ? rows.map((row) => riseFigure([row.condition, category.category], category, baseline, row)) : [];
  });
  const largest = (figures: readonly Measured[], control: boolean) =>
    Math.max(0, ...figures.filter(({ of }) => isControl(of[0] ?? "") === control).map(({ estimate }) => estimate));
  const places = data.sources.map(({ name, at }) => `${name} at ${at}`).join(", ");
  const notes = [
    `Supporting: subtracted once (${places}), a direction takes down at most ${percent(largest(push, false))} of a category's refusals, a random one of the same norm at most ${percent(largest(push, true))}.`,
    data.steered.length > 0
      ? `Supporting: added to harmless prompts, a direction brings about refusals of at most ${percent(largest(steered, false))}, a random one of the same norm at most ${percent(largest(steered, true))}.`
      : "Steering was not tried: the components' negative sets have no harmless test prompts.",
  ];
  const blocks: ViewBlock[] = [
    effectMatrix(data.pushed, evidence, {
      title: "Push: subtracted once",
      caption: `Drop of the refusal rate on test prompts when the row is subtracted once at its source layer, raw norm (${places}). Supporting only; the last rows are random directions of the same norm.`,
      rowLabel: "subtracted",
      key: "push",
      evidenceTitle: (name, category) => `${category} with ${name} subtracted once`,
    }),
  ];
  if (data.steered.length > 0) {
    blocks.push(
      effectMatrix(data.steered, evidence, {
        title: "Steering: added to harmless prompts",
        caption: `Rise of the refusal rate on the harmless test prompts that match each category when the row is added once at its source layer, raw norm (${places}). Supporting only; the last rows are random directions of the same norm.`,
        rowLabel: "added",
        key: "steer",
        evidenceTitle: (name, category) => `harmless prompts of ${category} with ${name} added once`,
        figure: riseFigure,
      }),
      topicTable(data),
    );
  }
  return { figures: [...push, ...steered].map((figure) => toFigure(figure)), notes, blocks };
}
