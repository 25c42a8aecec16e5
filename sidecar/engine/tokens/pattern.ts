import { refused } from "../../../shared/errors.ts";
import { compileOniguruma } from "./tokenizers-library.ts";

/** A pattern as `tokenizer.json` writes it. */
export interface Pattern {
  String?: string;
  Regex?: string;
}

/** Compiles a pattern; Oniguruma's syntax is rewritten by the tokenizers library. */
export function compilePattern(pattern: Pattern, file: string): RegExp {
  if (pattern.String !== undefined) {
    return new RegExp(pattern.String.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "gu");
  }
  if (pattern.Regex === undefined) throw refused(`${file}: a pattern has neither "String" nor "Regex".`);
  try {
    const compiled = compileOniguruma(pattern.Regex);
    if (compiled !== null) return compiled;
  } catch (cause) {
    throw refused(`${file}: the pattern ${JSON.stringify(pattern.Regex)} cannot be read.`, cause);
  }
  throw refused(`${file}: the pattern ${JSON.stringify(pattern.Regex)} cannot be read.`);
}
