import type { PromptDiagnostic } from "./prompt.ts";
import { SourcedTextBuilder, sourceOf } from "./source-segments.ts";
import type { SourcedText, SourcedValue } from "./sourced-value.ts";

const VARIABLE = /\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g;

/** Names of the variables that a text asks for. */
export function variablesIn(text: string): Set<string> {
  return new Set([...text.matchAll(VARIABLE)].map(([, name]) => name ?? ""));
}

/**
 * Puts values in for `{{name}}`, once: what a value contains is text and is not looked at again. A name without a value stays as it
 * is written, with a diagnostic at its place; `where` says which set of values was looked in.
 */
export function substitute(
  template: SourcedText,
  values: ReadonlyMap<string, SourcedText>,
  where: string,
): { text: SourcedText; diagnostics: PromptDiagnostic[] } {
  const builder = new SourcedTextBuilder();
  const diagnostics: PromptDiagnostic[] = [];
  let read = 0;
  const keep = (to: number) => {
    builder.addSourced(template.text.slice(read, to), part(template, read, to));
    read = to;
  };
  for (const found of template.text.matchAll(VARIABLE)) {
    const name = found[1] ?? "";
    const value = values.get(name);
    const end = found.index + found[0].length;
    if (value === undefined) {
      const range = sourceOf(template.segments, found.index, end) ?? template.range;
      diagnostics.push({
        severity: "warning",
        message: `No value for ${name}${where}: {{${name}}} stays as it is written.`,
        range,
      });
      continue;
    }
    keep(found.index);
    builder.addSourced(value.text, value.segments);
    read = end;
  }
  keep(template.text.length);
  return { text: { ...builder.build(), range: template.range }, diagnostics };
}

/** Segments of the part `[from, to)` of a text, counted from its start. */
function part({ segments }: SourcedText, from: number, to: number) {
  return segments.flatMap((segment) => {
    const start = Math.max(segment.start, from);
    const end = Math.min(segment.start + segment.length, to);
    if (end <= start) return [];
    const exact = segment.length === segment.sourceLength;
    return [
      {
        start: start - from,
        length: end - start,
        source: exact ? segment.source + start - segment.start : segment.source,
        sourceLength: exact ? end - start : segment.sourceLength,
      },
    ];
  });
}

/** A value as the text that takes a variable's place. */
export function valueText(value: SourcedValue): SourcedText | null {
  if (value.kind === "text") return value;
  if (value.kind !== "other") return null;
  const text = value.value === null ? "" : String(value.value);
  const { start, end } = value.range;
  const segments = text === "" ? [] : [{ start: 0, length: text.length, source: start, sourceLength: end - start }];
  return { text, segments, range: value.range };
}
