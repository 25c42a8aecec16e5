import { type AnyNode, parse } from "@humanwhocodes/momoa";
import type { PromptDiagnostic, SourceSegment } from "./prompt.ts";
import { SourcedTextBuilder } from "./source-segments.ts";
import type { SourcedValue } from "./sourced-value.ts";

/** Reads JSON with places; `offset` is where `text` begins in the file. A fault is a diagnostic, and the value is `null`. */
export function readJson(text: string, offset: number): { value: SourcedValue | null; fault: PromptDiagnostic | null } {
  try {
    return { value: convert(parse(text, { mode: "json", ranges: true }).body, text, offset), fault: null };
  } catch (cause) {
    const at = offset + (faultOffset(cause) ?? text.length);
    const message = cause instanceof Error ? cause.message.replace(/\s*\(\d+:\d+\)\s*$/, "") : String(cause);
    return {
      value: null,
      fault: { severity: "error", message: `Not valid JSON: ${message}`, range: { start: at, end: at + 1 } },
    };
  }
}

function faultOffset(cause: unknown): number | null {
  return cause instanceof Error && "offset" in cause && typeof cause.offset === "number" ? cause.offset : null;
}

function convert(node: AnyNode, text: string, offset: number): SourcedValue {
  const [start = 0, end = 0] = node.range ?? [];
  const range = { start: offset + start, end: offset + end };
  switch (node.type) {
    case "String":
      return { kind: "text", text: node.value, segments: stringSegments(text, start, end, node.value, offset), range };
    case "Array":
      return { kind: "array", items: node.elements.map(({ value }) => convert(value, text, offset)), range };
    case "Object": {
      const entries = node.members.map(({ name, value }) => {
        const [from = 0, to = 0] = name.range ?? [];
        return {
          key: name.type === "String" ? name.value : name.name,
          keyRange: { start: offset + from, end: offset + to },
          value: convert(value, text, offset),
        };
      });
      return { kind: "object", entries, range };
    }
    case "Number":
    case "Boolean":
      return { kind: "other", value: node.value, range };
    default:
      return { kind: "other", value: null, range };
  }
}

/** Where each unit of a string stands between its quotes: an escape of two or six units is one of the text. */
function stringSegments(text: string, start: number, end: number, value: string, offset: number): SourceSegment[] {
  const builder = new SourcedTextBuilder();
  let at = start + 1;
  const last = end - 1;
  let unit = 0;
  while (at < last) {
    const backslash = text.indexOf("\\", at);
    const plainEnd = backslash < 0 || backslash > last ? last : backslash;
    builder.add(text.slice(at, plainEnd), offset + at);
    unit += plainEnd - at;
    at = plainEnd;
    if (at >= last) break;
    const length = text[at + 1] === "u" ? 6 : 2;
    builder.add(value[unit] ?? "", offset + at, length);
    unit++;
    at += length;
  }
  return builder.build().segments;
}
