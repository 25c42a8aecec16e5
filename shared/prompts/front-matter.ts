import type { PromptDiagnostic } from "./prompt.ts";
import type { SourcedValue } from "./sourced-value.ts";
import { textStart } from "./text-ranges.ts";
import { readYaml } from "./yaml-source.ts";

export interface FrontMatter {
  /** The header's object; `null` without one. */
  header: SourcedValue | null;
  /** Where the body begins. */
  bodyStart: number;
  diagnostics: PromptDiagnostic[];
}

/** Takes a YAML header between two lines of `---` off a file. */
export function readFrontMatter(text: string): FrontMatter {
  const start = textStart(text);
  const open = /^---[ \t]*(?:\r\n|\r|\n)/.exec(text.slice(start, start + 1000));
  if (open === null) return { header: null, bodyStart: start, diagnostics: [] };
  const yamlStart = start + open[0].length;
  const close = /^(?:---|\.\.\.)[ \t]*$/m.exec(text.slice(yamlStart).replace(/\r/g, "\n"));
  if (close === null) {
    const range = { start, end: start + 3 };
    const message = 'The header that "---" opens is not closed by a line "---": the whole file is read as text.';
    return { header: null, bodyStart: start, diagnostics: [{ severity: "warning", message, range }] };
  }
  const yamlEnd = yamlStart + close.index;
  const { value, diagnostics } = readYaml(text.slice(yamlStart, yamlEnd), yamlStart);
  const afterClose = yamlEnd + close[0].length;
  const bodyStart = afterClose + (/^(?:\r\n|\r|\n)/.exec(text.slice(afterClose, afterClose + 2))?.[0].length ?? 0);
  if (value !== null && value.kind !== "object" && !(value.kind === "other" && value.value === null)) {
    diagnostics.push({ severity: "error", message: "The header is no list of keys and values.", range: value.range });
    return { header: null, bodyStart, diagnostics };
  }
  return { header: value?.kind === "object" ? value : null, bodyStart, diagnostics };
}
