import type { ResultDocument } from "../../shared/plugin/result-document.ts";

export type TableCell = string | number | null;

/** A table that a spreadsheet or a data frame can take: named columns, a row per figure or verdict. */
export interface ExportTable {
  name: string;
  columns: { name: string; type: "text" | "number" }[];
  rows: TableCell[][];
}

const NAMES = ["experiment", "kind"] as const;

/** A run's figures and verdicts as tables. What a figure is of is one text, its parts joined by ` / `. */
export function runTables(document: ResultDocument): ExportTable[] {
  return [figureTable(document), verdictTable(document)];
}

function figureTable({ experiments }: ResultDocument): ExportTable {
  return {
    name: "figures",
    columns: [
      ...NAMES.map((name) => ({ name, type: "text" as const })),
      { name: "name", type: "text" },
      { name: "of", type: "text" },
      { name: "layer", type: "number" },
      { name: "estimate", type: "number" },
      { name: "low", type: "number" },
      { name: "high", type: "number" },
      { name: "n", type: "number" },
      { name: "unit", type: "text" },
      { name: "why", type: "text" },
    ],
    rows: experiments.flatMap(({ name, kind, figures }) =>
      figures.map((figure) => [
        name,
        kind,
        figure.name,
        figure.of.join(" / "),
        figure.layer ?? null,
        figure.estimate,
        figure.low,
        figure.high,
        figure.n,
        figure.unit,
        figure.why ?? null,
      ]),
    ),
  };
}

function verdictTable({ experiments }: ResultDocument): ExportTable {
  return {
    name: "verdicts",
    columns: [
      ...NAMES.map((name) => ({ name, type: "text" as const })),
      { name: "of", type: "text" },
      { name: "layer", type: "number" },
      { name: "verdict", type: "text" },
      { name: "because", type: "text" },
    ],
    rows: experiments.flatMap(({ name, kind, verdicts }) =>
      verdicts.flatMap(({ of, layer, verdict, because, byLayer }) => [
        [name, kind, of.join(" / "), layer ?? null, verdict, because],
        ...(byLayer ?? [])
          .filter((each) => each.layer !== layer)
          .map((each) => [name, kind, of.join(" / "), each.layer, each.verdict, null]),
      ]),
    ),
  };
}
