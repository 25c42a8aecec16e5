import { visibleText } from "./visible-text.ts";

/** Longer labels push the prompt's own text out of sight. */
const LONGEST = 14;

/** A template's token in as little room as can be read: `<|assistant|>` as `‹assistant›`, a line end as `↵`. */
export function tokenLabel(text: string): string {
  if (/^[\r\n]+$/.test(text)) return "\u21b5".repeat(Math.min(3, text.replaceAll("\r\n", "\n").length));
  const name = /^<\|?(\/?[^<>|]+)\|?>$/.exec(text)?.[1];
  const label = name === undefined ? visibleText(text) : name;
  const short = label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}\u2026` : label;
  return name === undefined ? short : `\u2039${short}\u203a`;
}
