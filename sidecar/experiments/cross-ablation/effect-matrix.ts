import type { Evidence } from "../../../shared/plugin/result-document.ts";
import type { MatrixBlock, ShownFigure } from "../../../shared/plugin/view-block.ts";
import { effectFigure } from "../../statistics/battery/effect-figure.ts";
import { evidenceOf } from "../study/evidence.ts";
import type { Outcomes } from "../study/outcomes.ts";
import type { CategoryData } from "./layer-battery.ts";

/** Whether a row is one of the control directions. */
export function isControl(name: string): boolean {
  return /^(random|covariance|topics) \d+$/.test(name);
}

/** What happened to a category under the condition of that name. */
export function rowOf(category: CategoryData | undefined, name: string): Outcomes | undefined {
  return category?.rows.find(({ condition }) => condition === name);
}

export interface MatrixHeading {
  title: string;
  caption: string;
  rowLabel: string;
  /** Prefix of the keys into the evidence. */
  key: string;
  evidenceTitle(row: string, category: string): string;
  /** The figure of a cell; the drop of the refusal rate where absent. */
  figure?(
    of: readonly [row: string, category: string],
    category: CategoryData,
    baseline: Outcomes,
    changed: Outcomes,
  ): ReturnType<typeof effectFigure>;
}

/** Effects of every row on every category, control rows last, with the prompts behind each cell. */
export function effectMatrix(
  categories: readonly CategoryData[],
  evidence: Record<string, Evidence>,
  heading: MatrixHeading,
): MatrixBlock {
  const names = [...new Set(categories.flatMap(({ rows }) => rows.slice(1).map(({ condition }) => condition)))];
  const order = [...names.filter((name) => !isControl(name)), ...names.filter(isControl)];
  const cell = (name: string, category: CategoryData): ShownFigure => {
    const baseline = category.rows[0];
    const outcomes = rowOf(category, name);
    if (!baseline || !outcomes) return { value: null, why: "not run on this category" };
    const of = [name, category.category] as const;
    const { estimate, low, high, n } = heading.figure
      ? heading.figure(of, category, baseline, outcomes)
      : effectFigure(of, category.base, baseline, outcomes);
    const key = `${heading.key}/${name}/${category.category}`;
    evidence[key] = evidenceOf(heading.evidenceTitle(name, category.category), category.prompts, [baseline, outcomes]);
    return { value: estimate, low, high, n, unit: "rate", evidence: key };
  };
  return {
    type: "matrix",
    title: heading.title,
    caption: heading.caption,
    unit: "rate",
    rowLabel: heading.rowLabel,
    columnLabel: "prompts",
    rows: order.map((name) => ({ label: name, control: isControl(name) })),
    columns: categories.map(({ category }) => category),
    cells: order.map((name) => categories.map((category) => cell(name, category))),
    scale: { min: -1, max: 1 },
  };
}
