import type { PromptFormat } from "../plugin/prompt-format.ts";
import { type CsvRow, delimiterOf, readCsvRows } from "./csv-cells.ts";
import type { ParsedPrompts, Prompt, PromptDiagnostic, SourceRange } from "./prompt.ts";
import { readRow, textKeyOf } from "./prompt-row.ts";
import { repeatedIds } from "./repeated-ids.ts";
import type { SourcedText, SourcedValue } from "./sourced-value.ts";
import { textStart } from "./text-ranges.ts";

/** A CSV or TSV file: a header line with a column `text` (or one of its usual names), and a prompt per row. */
export const csvPrompts: PromptFormat = {
  id: "csv",
  label: "CSV file of prompts",
  endings: [".csv", ".tsv"],
  dedicated: false,
  parse,
};

function parse(text: string): ParsedPrompts {
  const start = textStart(text);
  const { rows, faults } = readCsvRows(text, start, delimiterOf(text, start));
  const diagnostics: PromptDiagnostic[] = [...faults];
  const report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => {
    diagnostics.push({ severity, message, range });
  };
  const [header, ...body] = rows;
  if (header === undefined) {
    report("error", "The file is empty: expected a line of column names.", { start, end: text.length });
    return { prompts: [], diagnostics };
  }
  const names = header.cells.map((cell) => cell.text.trim());
  const textKey = textKeyOf(names);
  const twin = names.lastIndexOf(textKey ?? "");
  if (textKey !== null && names.indexOf(textKey) !== twin) {
    const range = header.cells[twin]?.range ?? { start: header.start, end: header.end };
    report("error", `Two columns are named "${textKey}": which of them is the prompt?`, range);
    return { prompts: [], diagnostics };
  }
  if (textKey === null) {
    report("error", `No column "text" (found: ${names.join(", ")}).`, { start: header.start, end: header.end });
    return { prompts: [], diagnostics };
  }
  if (body.length === 0) {
    report("error", "The file has column names and no rows.", { start: header.start, end: header.end });
  }
  const prompts: Prompt[] = [];
  for (const row of body) {
    // Rows with faults of their own were reported; a row of another length would put texts into the wrong columns.
    if (faults.some(({ range }) => range.start >= row.start && range.start <= row.end)) continue;
    if (row.cells.length !== names.length) {
      const message = `The row has ${row.cells.length} cells, the header ${names.length}; a cell with the separator in it needs quotes.`;
      report("error", message, { start: row.start, end: row.end });
      continue;
    }
    const prompt = readRow(asObject(row, names, header.cells), report);
    if (prompt !== null) prompts.push(prompt);
  }
  for (const diagnostic of repeatedIds(prompts)) diagnostics.push(diagnostic);
  return { prompts, diagnostics };
}

function asObject(
  { cells, start, end }: CsvRow,
  names: readonly string[],
  header: readonly SourcedText[],
): SourcedValue {
  const entries = cells.map((cell, column) => ({
    key: names[column] ?? "",
    keyRange: header[column]?.range ?? cell.range,
    value: { kind: "text" as const, ...cell },
  }));
  return { kind: "object", entries, range: { start, end } };
}
