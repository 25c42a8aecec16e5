import type { PromptFormat } from "../plugin/prompt-format.ts";
import { readFrontMatter } from "./front-matter.ts";
import type { MessageRole, ParsedPrompts, PromptDiagnostic, PromptMessage } from "./prompt.ts";
import { plainValue, type SourcedText, type SourcedValue, valueAt } from "./sourced-value.ts";
import { substitute, valueText } from "./substitute.ts";
import { afterBlankLines, fileText } from "./text-ranges.ts";

/** Prompty files: a YAML header with sample values, and a body in which lines like `user:` begin messages. */
export const prompty: PromptFormat = {
  id: "prompty",
  label: "Prompty file",
  endings: [".prompty"],
  dedicated: true,
  parse,
};

const MARKER =
  /^[ \t]*#?[ \t]*(system|user|assistant|developer|tool)(?:\[[^\]\r\n]*\])?[ \t]*:[ \t]*(?:\r\n|\r|\n|$)/gim;
// What the Jinja2 of Prompty would run and this reader doesn't.
const LOGIC = /\{%[\s\S]*?%\}|\{#[\s\S]*?#\}|\{\{\s*[A-Za-z_][\w.]*\s*[|([][^}]*\}\}/g;

function parse(text: string): ParsedPrompts {
  const { header, bodyStart, diagnostics } = readFrontMatter(text);
  if (diagnostics.some(({ severity }) => severity === "error")) return { prompts: [], diagnostics };
  const parts = messageParts(text, bodyStart);
  for (const found of text.slice(bodyStart).matchAll(LOGIC)) {
    const range = { start: bodyStart + found.index, end: bodyStart + found.index + found[0].length };
    diagnostics.push({ severity: "warning", message: "Template logic is not run: it stays as it is written.", range });
  }
  const values = sampleValues(header);
  const messages = parts.map(({ role, body }): PromptMessage => {
    const { text: filled, diagnostics: missing } = substitute(body, values, " in the header's sample");
    for (const diagnostic of missing) diagnostics.push(diagnostic);
    return { role, text: filled.text, segments: filled.segments };
  });
  const range = { start: bodyStart, end: text.length };
  if (messages.length === 0) {
    const message = "The file has no prompt: its body is empty.";
    const empty: PromptDiagnostic = { severity: "error", message, range };
    return { prompts: [], diagnostics: [...diagnostics, empty] };
  }
  const fields = header === null ? {} : (plainValue(header) as Record<string, unknown>);
  return { prompts: [{ id: null, messages, range, fields }], diagnostics };
}

/** Cuts the body at its role lines; text before the first is a system message, as Prompty has it. Blank lines around a message go. */
function messageParts(text: string, bodyStart: number): { role: MessageRole; body: SourcedText }[] {
  const cuts: { role: MessageRole; start: number; end: number }[] = [];
  let open: { role: MessageRole; start: number } = { role: "system", start: bodyStart };
  for (const found of text.slice(bodyStart).matchAll(MARKER)) {
    cuts.push({ ...open, end: bodyStart + found.index });
    open = { role: roleOf(found[1] ?? ""), start: bodyStart + found.index + found[0].length };
  }
  cuts.push({ ...open, end: text.length });
  return cuts.flatMap(({ role, start, end }, index) => {
    const from = afterBlankLines(text, start, end);
    const to = from + text.slice(from, end).trimEnd().length;
    // A role line without text is an empty message; nothing before the first role line is none.
    if (to <= from && (index === 0 || cuts.length === 1)) return [];
    return [{ role, body: fileText(text, from, Math.max(from, to)) }];
  });
}

function roleOf(name: string): MessageRole {
  const lower = name.toLowerCase();
  return lower === "user" || lower === "assistant" || lower === "tool" ? lower : "system";
}

/** `sample: {name: value}`, or `inputs: {name: {sample | default: value}}`. */
function sampleValues(header: SourcedValue | null): Map<string, SourcedText> {
  const values = new Map<string, SourcedText>();
  if (header === null) return values;
  for (const [from, nested] of [
    [valueAt(header, "inputs"), true],
    [valueAt(header, "sample"), false],
  ] as const) {
    if (from?.kind !== "object") continue;
    for (const { key, value } of from.entries) {
      const inner = nested && value.kind === "object" ? (valueAt(value, "sample") ?? valueAt(value, "default")) : value;
      const text = inner === undefined ? null : valueText(inner);
      if (text !== null) values.set(key, text);
    }
  }
  return values;
}
