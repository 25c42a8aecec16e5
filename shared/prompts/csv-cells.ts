import type { PromptDiagnostic } from "./prompt.ts";
import { SourcedTextBuilder } from "./source-segments.ts";
import type { SourcedText } from "./sourced-value.ts";

/** A row of a CSV file. */
export interface CsvRow {
  cells: SourcedText[];
  start: number;
  end: number;
}

/**
 * Reads delimited text after RFC 4180 with the place of every character. Written here since the CSV libraries at hand give the place of
 * a record at best, in bytes, and a token's tint needs that of a character inside a quoted cell.
 * A quote inside an unquoted cell is a character; text after a closing quote and a quote that is never closed are faults.
 */
export function readCsvRows(
  text: string,
  start: number,
  delimiter: string,
): { rows: CsvRow[]; faults: PromptDiagnostic[] } {
  const rows: CsvRow[] = [];
  const faults: PromptDiagnostic[] = [];
  let at = start;
  while (at < text.length) {
    const row: CsvRow = { cells: [], start: at, end: at };
    for (;;) {
      const { cell, next } =
        text[at] === '"' ? quotedCell(text, at, delimiter, faults) : plainCell(text, at, delimiter);
      row.cells.push(cell);
      at = next;
      if (text[at] !== delimiter) break;
      at++;
    }
    row.end = at;
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    const blank = row.cells.length === 1 && row.end === row.start;
    if (!blank) rows.push(row);
  }
  return { rows, faults };
}

function plainCell(text: string, start: number, delimiter: string): { cell: SourcedText; next: number } {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
  const builder = new SourcedTextBuilder();
  builder.add(text.slice(start, end), start);
  return { cell: { ...builder.build(), range: { start, end } }, next: end };
}

function quotedCell(
  text: string,
  start: number,
  delimiter: string,
  faults: PromptDiagnostic[],
): { cell: SourcedText; next: number } {
  const builder = new SourcedTextBuilder();
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) {
      builder.add(text.slice(at), at);
      const message = "The quote that begins this cell is never closed.";
      faults.push({ severity: "error", message, range: { start, end: start + 1 } });
      return { cell: { ...builder.build(), range: { start, end: text.length } }, next: text.length };
    }
    builder.add(text.slice(at, quote), at);
    if (text[quote + 1] === '"') {
      builder.add('"', quote, 2);
      at = quote + 2;
      continue;
    }
    at = quote + 1;
    break;
  }
  const rest = plainCell(text, at, delimiter);
  if (rest.next > at) {
    const message = 'There is text after the quote that closes this cell; a quote inside a quoted cell is written "".';
    faults.push({ severity: "error", message, range: { start: at, end: rest.next } });
  }
  return { cell: { ...builder.build(), range: { start, end: at } }, next: rest.next };
}

/** Guesses what separates the columns from the first line: the sign that stands there most often outside quotes. */
export function delimiterOf(text: string, start: number): string {
  const counts = new Map([",", ";", "\t"].map((sign) => [sign, 0]));
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const unit = text[at] ?? "";
    if (unit === '"') quoted = !quoted;
    else if (!quoted && (unit === "\n" || unit === "\r")) break;
    else if (!quoted && counts.has(unit)) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  }
  let best = ",";
  for (const [sign, count] of counts) if (count > (counts.get(best) ?? 0)) best = sign;
  return best;
}
