import type { PromptFormat } from "../plugin/prompt-format.ts";
import type { ParsedPrompts, Prompt, PromptDiagnostic } from "./prompt.ts";
import { fileText, textStart, withoutFinalLineEnd } from "./text-ranges.ts";

/**
 * A text file is one prompt, letter by letter but for the line end that editors set at its end: a prompt may have many lines, and no
 * sign in it is taken for a separator. A file named `*.lines.txt` has one prompt per line.
 */
export const plainText: PromptFormat = {
  id: "text",
  label: "Text file, one prompt",
  endings: [".txt"],
  dedicated: false,
  parse(text: string): ParsedPrompts {
    const start = textStart(text);
    const end = withoutFinalLineEnd(text, start, text.length);
    const prompt = promptOf(text, start, end);
    if (prompt === null) return { prompts: [], diagnostics: [empty(start, text.length)] };
    const lines = text
      .slice(start, end)
      .split(/\r\n|\r|\n/)
      .filter((line) => line.trim() !== "").length;
    const diagnostics: PromptDiagnostic[] = [];
    if (lines > 1) {
      const message = `Read as one prompt of ${lines} lines; for a prompt per line, name the file *.lines.txt.`;
      diagnostics.push({ severity: "information", message, range: { start, end: start } });
    }
    return { prompts: [prompt], diagnostics };
  },
};

export const textLines: PromptFormat = {
  id: "text-lines",
  label: "Text file, a prompt per line",
  endings: [".lines.txt"],
  dedicated: false,
  parse(text: string): ParsedPrompts {
    const prompts: Prompt[] = [];
    const start = textStart(text);
    for (const { index, 0: line } of text.slice(start).matchAll(/[^\r\n]+/g)) {
      const prompt = promptOf(text, start + index, start + index + line.length);
      if (prompt !== null) prompts.push(prompt);
    }
    return { prompts, diagnostics: prompts.length === 0 ? [empty(start, text.length)] : [] };
  },
};

function promptOf(text: string, start: number, end: number): Prompt | null {
  const body = fileText(text, start, end);
  if (body.text.trim() === "") return null;
  return {
    id: null,
    messages: [{ role: "user", text: body.text, segments: body.segments }],
    range: { start, end },
    fields: {},
  };
}

function empty(start: number, end: number): PromptDiagnostic {
  return { severity: "error", message: "The file has no prompt: it is empty.", range: { start, end } };
}
