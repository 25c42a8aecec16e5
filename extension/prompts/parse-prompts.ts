import { promptFormats } from "../../shared/prompts/built-in-formats.ts";
import { formatOf } from "../../shared/prompts/format-of.ts";
import type { ParsedPrompts } from "../../shared/prompts/prompt.ts";

/** Reads a prompt file by its name; a name that fits no format holds no prompts. */
export function parsePrompts(path: string, text: string): ParsedPrompts {
  const format = formatOf(path, promptFormats.prompts ?? []);
  return format?.parse(text) ?? { prompts: [], diagnostics: [] };
}
