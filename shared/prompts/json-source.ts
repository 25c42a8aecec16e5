import { type AnyNode, parse } from "@humanwhocodes/momoa";
import type { PromptDiagnostic, SourceSegment } from "./prompt.ts";
import { SourcedTextBuilder } from "./source-segments.ts";
import type { SourcedValue } from "./sourced-value.ts";

/** Reads JSON with places; `offset` is where `text` begins in the file. A fault is a diagnostic, and the value is `null`. */
export function readJson(text: string, offset: number): { value: SourcedValue | null; fault: PromptDiagnostic | null } {
  try {
    return { value: convert(parse(text, { mode: "json", ranges: true }).body, text, offset), fault: null };
  } catch (cause) {
    return { value: null, fault: faultOf(text, offset, cause) };
  }
}

/** Words and place of a fault: the engine's own parser says what was expected, momoa where it stopped. */
function faultOf(text: string, offset: number, cause: unknown): PromptDiagnostic {
  let words = cause instanceof Error ? cause.message.replace(/\s*\(\d+:\d+\)\s*$/, "") : String(cause);
  let at = cause instanceof Error && "offset" in cause && typeof cause.offset === "number" ? cause.offset : text.length;
  try {
    JSON.parse(text);
  } catch (second) {
    const said = second instanceof Error ? second.message : "";
    const position = /at position (\d+)/.exec(said)?.[1];
    if (position !== undefined) at = Number(position);
    else if (said.includes("end of JSON input")) at = text.length;
    words = said.replace(/(?:,.* is not valid JSON| in JSON at position.*)$/s, "");
  }
  const start = offset + Math.min(at, text.length);
  return { severity: "error", message: `Not valid JSON: ${words}.`, range: { start, end: start + 1 } };
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
