import type { PromptFormat } from "../plugin/prompt-format.ts";
import { readFrontMatter } from "./front-matter.ts";
import type { ParsedPrompts } from "./prompt.ts";
import { plainValue } from "./sourced-value.ts";
import { afterBlankLines, fileText, withoutFinalLineEnd } from "./text-ranges.ts";

// `${input:name}`, `${selection}` and the like get their values when VS Code runs the prompt; a file holds none.
const RUN_TIME_VARIABLE = /\$\{[A-Za-z][\w.-]*(?::[^}\n]*)?\}/g;

/** VS Code's own prompt files: an optional YAML header and a Markdown body, which is one user message. */
export const vscodePrompt: PromptFormat = {
  id: "vscode-prompt",
  label: "VS Code prompt file",
  endings: [".prompt.md"],
  dedicated: true,
  parse,
};

function parse(text: string): ParsedPrompts {
  const { header, bodyStart, diagnostics } = readFrontMatter(text);
  const start = afterBlankLines(text, bodyStart, text.length);
  const end = withoutFinalLineEnd(text, start, text.length);
  const body = fileText(text, start, end);
  if (body.text.trim() === "") {
    diagnostics.push({ severity: "error", message: "The file has no prompt: its body is empty.", range: body.range });
  }
  for (const found of text.slice(start, end).matchAll(RUN_TIME_VARIABLE)) {
    diagnostics.push({
      severity: "warning",
      message: `No value for ${found[0]}, which VS Code fills in when it runs the prompt: it stays as it is written.`,
      range: { start: start + found.index, end: start + found.index + found[0].length },
    });
  }
  if (diagnostics.some(({ severity }) => severity === "error")) return { prompts: [], diagnostics };
  const fields = header === null ? {} : (plainValue(header) as Record<string, unknown>);
  const message = { role: "user" as const, text: body.text, segments: body.segments };
  return { prompts: [{ id: null, messages: [message], range: { start, end }, fields }], diagnostics };
}
