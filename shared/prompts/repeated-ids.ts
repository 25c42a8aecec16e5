import type { Prompt, PromptDiagnostic } from "./prompt.ts";

/** Warns of prompts that share an id: results could not be told apart by it. */
export function repeatedIds(prompts: readonly Prompt[]): PromptDiagnostic[] {
  const seen = new Set<string>();
  const diagnostics: PromptDiagnostic[] = [];
  for (const { id, range } of prompts) {
    if (id === null) continue;
    if (seen.has(id)) {
      diagnostics.push({ severity: "warning", message: `The id ${JSON.stringify(id)} was used before.`, range });
    }
    seen.add(id);
  }
  return diagnostics;
}
