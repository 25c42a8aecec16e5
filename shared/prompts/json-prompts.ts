import type { PromptFormat } from "../plugin/prompt-format.ts";
import { readJson } from "./json-source.ts";
import type { ParsedPrompts, Prompt, PromptDiagnostic, SourceRange } from "./prompt.ts";
import { readRow } from "./prompt-row.ts";
import { repeatedIds } from "./repeated-ids.ts";
import { type SourcedValue, valueAt } from "./sourced-value.ts";
import { textStart } from "./text-ranges.ts";

/**
 * A JSON file: one conversation (a list of `{role, content}`), one prompt (an object with `text` or `messages`), or a list of prompts,
 * also under `prompts`. Nothing in a text is taken for a variable.
 */
export const jsonPrompts: PromptFormat = {
  id: "json",
  label: "JSON file of prompts",
  endings: [".json"],
  dedicated: false,
  parse(text: string): ParsedPrompts {
    const start = textStart(text);
    const diagnostics: PromptDiagnostic[] = [];
    const report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => {
      diagnostics.push({ severity, message, range });
    };
    const { value, fault } = readJson(text.slice(start), start);
    if (value === null) return { prompts: [], diagnostics: fault === null ? [] : [fault] };
    const rows = rowsOf(value);
    const prompts = rows.flatMap((row) => readRow(row, report) ?? []);
    if (rows.length === 0) report("error", "The file has no prompt: its list is empty.", value.range);
    for (const diagnostic of repeatedIds(prompts)) diagnostics.push(diagnostic);
    return { prompts, diagnostics };
  },
};

function rowsOf(value: SourcedValue): SourcedValue[] {
  if (value.kind === "array") return value.items.length > 0 && value.items.every(isMessage) ? [value] : value.items;
  if (value.kind !== "object") return [value];
  const list = valueAt(value, "prompts");
  return list?.kind === "array" && valueAt(value, "messages") === undefined ? list.items : [value];
}

function isMessage(item: SourcedValue): boolean {
  return valueAt(item, "role") !== undefined && valueAt(item, "content") !== undefined;
}

/** A JSON object (or text, or conversation) per line. */
export const jsonLinesPrompts: PromptFormat = {
  id: "jsonl",
  label: "JSON Lines file of prompts",
  endings: [".jsonl", ".ndjson"],
  dedicated: false,
  parse(text: string): ParsedPrompts {
    const prompts: Prompt[] = [];
    const diagnostics: PromptDiagnostic[] = [];
    const report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => {
      diagnostics.push({ severity, message, range });
    };
    let start = textStart(text);
    const first = start;
    while (start < text.length) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      const line = text.slice(start, end);
      if (line.trim() !== "") {
        const { value, fault } = readJson(line, start);
        if (fault !== null) diagnostics.push(fault);
        const prompt = value === null ? null : readRow(value, report);
        if (prompt !== null) prompts.push(prompt);
      }
      start = end + 1;
    }
    if (prompts.length === 0 && diagnostics.length === 0) {
      report("error", "The file has no prompt: it is empty.", { start: first, end: text.length });
    }
    for (const diagnostic of repeatedIds(prompts)) diagnostics.push(diagnostic);
    return { prompts, diagnostics };
  },
};
