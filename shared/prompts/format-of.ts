import type { PromptFormat } from "../plugin/prompt-format.ts";

/** The format that a file's name asks for: the longest ending that fits; `null` where none does. */
export function formatOf(fileName: string, formats: readonly PromptFormat[]): PromptFormat | null {
  const name = fileName.toLowerCase();
  let best: PromptFormat | null = null;
  let length = 0;
  for (const format of formats) {
    for (const ending of format.endings) {
      if (name.endsWith(ending) && ending.length > length) {
        best = format;
        length = ending.length;
      }
    }
  }
  return best;
}
