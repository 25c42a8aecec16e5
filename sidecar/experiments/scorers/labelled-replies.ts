import { refused } from "../../../shared/errors.ts";
import { delimiterOf, readCsvRows } from "../../../shared/prompts/csv-cells.ts";

export interface LabelledReply {
  id: string;
  prompt: string;
  reply: string;
  label: string;
}

export interface LabelledColumns {
  file: string;
  id: string;
  prompt: string;
  reply: string;
  label: string;
}

function text(value: unknown): string | null {
  return typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : null;
}

function jsonLines(content: string, file: string): Record<string, unknown>[] {
  return content.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw refused(`${file}:${i + 1}: this line is not JSON.`, cause);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw refused(`${file}:${i + 1}: expected an object on each line.`);
    return [value as Record<string, unknown>];
  });
}

function csv(content: string, file: string): Record<string, unknown>[] {
  const { rows, faults } = readCsvRows(content, 0, delimiterOf(content, 0));
  const fault = faults.find(({ severity }) => severity === "error");
  if (fault) throw refused(`${file}:${content.slice(0, fault.range.start).split("\n").length}: ${fault.message}`);
  const [header, ...body] = rows;
  const names = header?.cells.map((cell) => cell.text) ?? [];
  return body.map((row) => Object.fromEntries(names.map((name, i) => [name, row.cells[i]?.text ?? ""])));
}

/** Replies with a human label each, from JSON lines or CSV. Refused, with the fields there are, where a column is missing. */
export function readLabelledReplies(content: string, columns: LabelledColumns): LabelledReply[] {
  const { file } = columns;
  const rows = /\.csv$/i.test(file) ? csv(content, file) : jsonLines(content, file);
  return rows.map((row, i) => {
    const field = (name: string): string => {
      const value = text(row[name]);
      if (value === null)
        throw refused(
          `${file}: row ${i + 1} has no "${name}" (it has ${Object.keys(row).join(", ")}); name the columns with reply and label.`,
        );
      return value;
    };
    return {
      id: text(row[columns.id]) ?? String(i + 1),
      prompt: text(row[columns.prompt]) ?? "",
      reply: field(columns.reply),
      label: field(columns.label),
    };
  });
}
