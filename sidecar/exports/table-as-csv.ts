import type { ExportTable, TableCell } from "./run-tables.ts";

/** A table as CSV (RFC 4180): a header, CRLF, quotes where a field needs them, an empty field where there is no value. */
export function tableAsCsv({ columns, rows }: ExportTable): string {
  const lines = [columns.map(({ name }) => name), ...rows];
  return lines.map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

function csvField(cell: TableCell): string {
  if (cell === null) return "";
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
