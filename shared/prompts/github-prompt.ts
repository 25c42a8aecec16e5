import type { PromptFormat } from "../plugin/prompt-format.ts";
import type { ParsedPrompts, Prompt, PromptDiagnostic, PromptMessage, SourceRange } from "./prompt.ts";
import { readMessages } from "./prompt-row.ts";
import { describeValue, plainValue, type SourcedText, type SourcedValue, valueAt } from "./sourced-value.ts";
import { substitute, valueText, variablesIn } from "./substitute.ts";
import { textStart } from "./text-ranges.ts";
import { readYaml } from "./yaml-source.ts";

/** GitHub Models' prompt files: `messages` with `{{variables}}`, and `testData` with a row of values for each prompt. */
export const githubPrompt: PromptFormat = {
  id: "github-prompt",
  label: "GitHub Models prompt file",
  endings: [".prompt.yml", ".prompt.yaml"],
  dedicated: true,
  parse,
};

function parse(text: string): ParsedPrompts {
  const start = textStart(text);
  const { value: file, diagnostics } = readYaml(text.slice(start), start);
  const report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => {
    diagnostics.push({ severity, message, range });
  };
  if (diagnostics.length > 0) return { prompts: [], diagnostics };
  const whole = { start, end: text.length };
  const list = file === null ? undefined : valueAt(file, "messages");
  if (file === null || file.kind !== "object" || list === undefined) {
    report("error", 'The file has no "messages": expected a list of {role, content}.', file?.range ?? whole);
    return { prompts: [], diagnostics };
  }
  const messages = readMessages(list, report);
  if (messages === null || messages.length === 0) {
    if (messages?.length === 0) report("error", '"messages" is empty.', list.range);
    return { prompts: [], diagnostics };
  }
  const fields = fieldsOf(file, ["messages", "testData"]);
  const asked = new Set(messages.flatMap(({ text: content }) => [...variablesIn(content)]));
  const rows = asked.size === 0 ? [] : testRows(valueAt(file, "testData"), report);
  if (rows.length === 0) {
    const { filled, missing } = fill(messages, new Map(), "", list.range);
    for (const diagnostic of missing) diagnostics.push(diagnostic);
    return { prompts: [{ id: null, messages: filled, range: list.range, fields }], diagnostics };
  }
  const prompts = rows.map((row, index): Prompt => {
    const where = rows.length === 1 ? "" : ` in row ${index + 1} of testData`;
    const { filled, missing } = fill(messages, valuesOf(row, asked, report), where, list.range);
    for (const diagnostic of missing) diagnostics.push(diagnostic);
    const id = valueAt(row, "id");
    return {
      id: id === undefined || (id.kind !== "text" && id.kind !== "other") ? null : String(plainValue(id)),
      messages: filled,
      range: row.range,
      fields: { ...fields, ...fieldsOf(row, ["id"]) },
    };
  });
  return { prompts, diagnostics };
}

type Report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => void;

function testRows(data: SourcedValue | undefined, report: Report): SourcedValue[] {
  if (data === undefined || (data.kind === "other" && data.value === null)) return [];
  if (data.kind !== "array") {
    report("error", `"testData" is ${describeValue(data)}; expected a list of rows of values.`, data.range);
    return [];
  }
  return data.items.filter((row) => {
    if (row.kind === "object") return true;
    report("error", `A row of "testData" is ${describeValue(row)}; expected names and values.`, row.range);
    return false;
  });
}

function valuesOf(row: SourcedValue, asked: ReadonlySet<string>, report: Report): Map<string, SourcedText> {
  const values = new Map<string, SourcedText>();
  if (row.kind !== "object") return values;
  for (const { key, value } of row.entries) {
    if (!asked.has(key)) continue;
    const text = valueText(value);
    if (text === null)
      report("error", `The value of "${key}" is ${describeValue(value)}; expected a text.`, value.range);
    else values.set(key, text);
  }
  return values;
}

function fill(messages: readonly PromptMessage[], values: Map<string, SourcedText>, where: string, range: SourceRange) {
  const missing: PromptDiagnostic[] = [];
  const filled = messages.map((message) => {
    const { text, diagnostics } = substitute({ ...message, range }, values, where);
    for (const diagnostic of diagnostics) missing.push(diagnostic);
    return { role: message.role, text: text.text, segments: text.segments };
  });
  return { filled, missing };
}

function fieldsOf(object: SourcedValue, without: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (object.kind !== "object") return fields;
  for (const { key, value } of object.entries) if (!without.includes(key)) fields[key] = plainValue(value);
  return fields;
}
