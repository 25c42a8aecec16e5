import type { ParsedPrompts } from "../prompts/prompt.ts";

/** Reads the prompts of one kind of file. */
export interface PromptFormat {
  id: string;
  label: string;
  /** Endings of file names, lower case (`.prompt.md`); where several formats match, the longest ending wins. */
  endings: readonly string[];
  /** Whether every file of this name is a prompt file; otherwise (`.json`, `.csv`) only where a setting, a spec or a command says so. */
  dedicated: boolean;
  /** Reads a whole file; offsets in the result are UTF-16 units of `text`. Faults become diagnostics: it must not throw for any text. */
  parse(text: string): ParsedPrompts;
}
