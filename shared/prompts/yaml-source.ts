import { isAlias, isMap, isNode, isScalar, isSeq, type Node, parseDocument, type Scalar } from "yaml";
import type { PromptDiagnostic, SourceRange } from "./prompt.ts";
import { SourcedTextBuilder } from "./source-segments.ts";
import type { SourcedText, SourcedValue } from "./sourced-value.ts";

// A file of a few lines can refer to itself into millions of values.
const MOST_VALUES = 50_000;

/** Reads one YAML document with places; `offset` is where `text` begins in the file. */
export function readYaml(
  text: string,
  offset: number,
): { value: SourcedValue | null; diagnostics: PromptDiagnostic[] } {
  const document = parseDocument(text, { prettyErrors: false });
  const diagnostics = document.errors.map(
    ({ code, message, pos: [start, end] }): PromptDiagnostic => ({
      severity: "error",
      message:
        code === "MULTIPLE_DOCS"
          ? 'A line "---" begins a second YAML document here; expected one.'
          : `Not valid YAML: ${message}`,
      range: { start: offset + start, end: offset + Math.max(end, start + 1) },
    }),
  );
  if (diagnostics.length > 0 || document.contents === null) return { value: null, diagnostics };
  const reader: Reader = { text, offset, anchors: new Map(), left: MOST_VALUES };
  const value = convert(document.contents, reader);
  if (reader.left < 0) {
    const range = { start: offset, end: offset + text.length };
    diagnostics.push({
      severity: "error",
      message: `Aliases make more than ${MOST_VALUES} values of this file.`,
      range,
    });
    return { value: null, diagnostics };
  }
  return { value, diagnostics };
}

interface Reader {
  text: string;
  offset: number;
  /** What aliases refer to, as far as the file has been read. */
  anchors: Map<string, unknown>;
  left: number;
}

function convert(node: unknown, reader: Reader): SourcedValue {
  const range = rangeOf(node, reader);
  if (--reader.left < 0) return { kind: "other", value: null, range };
  if (isAlias(node)) {
    const target = reader.anchors.get(node.source);
    return target === undefined ? { kind: "other", value: null, range } : convert(target, reader);
  }
  if (isNode(node) && "anchor" in node && typeof node.anchor === "string") reader.anchors.set(node.anchor, node);
  if (isSeq(node)) return { kind: "array", items: node.items.map((item) => convert(item, reader)), range };
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value) : String(key),
      keyRange: rangeOf(key, reader),
      value: convert(value, reader),
    }));
    return { kind: "object", entries, range };
  }
  if (!isScalar(node)) return { kind: "other", value: null, range };
  const { value } = node;
  if (typeof value === "string") return { kind: "text", ...sourcedScalar(node, value, range, reader) };
  if (typeof value === "number" || typeof value === "boolean" || value === null) return { kind: "other", value, range };
  // A date or a big number: as it is written.
  return { kind: "text", ...sourcedScalar(node, node.source ?? String(value), range, reader) };
}

function rangeOf(node: unknown, { offset }: Reader): SourceRange {
  const range = (node as Node | null)?.range;
  return { start: offset + (range?.[0] ?? 0), end: offset + (range?.[1] ?? 0) };
}

function sourcedScalar(node: Scalar, value: string, range: SourceRange, { text, offset }: Reader): SourcedText {
  const raw = text.slice(range.start - offset, range.end - offset);
  const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
  const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  const bodyStart = quoted ? 1 : block ? raw.indexOf("\n") + 1 : 0;
  const body = quoted ? raw.slice(1, -1) : raw.slice(bodyStart);
  const aligned =
    node.type === "QUOTE_DOUBLE" && body.includes("\\")
      ? alignEscapes(value, body, range.start + bodyStart)
      : alignWhiteSpace(value, body, range.start + bodyStart, node.type === "QUOTE_SINGLE");
  return { text: value, segments: aligned ?? whole(value, range), range };
}

function whole(value: string, { start, end }: SourceRange) {
  return value === "" ? [] : [{ start: 0, length: value.length, source: start, sourceLength: end - start }];
}

const WHITE = /[ \t\r\n]/;

/**
 * Follows a text through folding and indentation: everything but white space stands in the file letter by letter, and each run of
 * white space corresponds to a run there. `null` where that doesn't come out.
 */
function alignWhiteSpace(value: string, raw: string, base: number, doubledQuotes: boolean) {
  const builder = new SourcedTextBuilder();
  let at = 0;
  let i = 0;
  while (i < value.length) {
    const valueEnd = runEnd(value, i);
    if (valueEnd > i) {
      const rawEnd = runEnd(raw, at);
      addWhiteSpace(builder, value.slice(i, valueEnd), raw.slice(at, rawEnd), base + at);
      i = valueEnd;
      at = rawEnd;
      continue;
    }
    at = runEnd(raw, at);
    if (doubledQuotes && value[i] === "'" && raw.startsWith("''", at)) {
      builder.add("'", base + at, 2);
      i++;
      at += 2;
      continue;
    }
    let length = 0;
    while (i + length < value.length && value[i + length] === raw[at + length]) {
      const unit = value[i + length] ?? "";
      if (WHITE.test(unit) || (doubledQuotes && unit === "'")) break;
      length++;
    }
    if (length === 0) {
      if (value[i] !== raw[at]) return null;
      length = 1;
    }
    builder.add(value.slice(i, i + length), base + at);
    i += length;
    at += length;
  }
  return builder.build().segments;
}

function runEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && WHITE.test(text[end] ?? "")) end++;
  return end;
}

/** A run of white space: unit for unit at its end (what stands after the indentation), as a whole before. */
function addWhiteSpace(builder: SourcedTextBuilder, value: string, raw: string, source: number): void {
  let same = 0;
  while (same < value.length && same < raw.length && value.at(-1 - same) === raw.at(-1 - same)) {
    if (value.at(-1 - same) === "\n") {
      same++;
      break;
    }
    same++;
  }
  if (value === raw) same = value.length;
  builder.add(value.slice(0, value.length - same), source, raw.length - same);
  builder.add(value.slice(value.length - same), source + raw.length - same);
}

const ESCAPE_LENGTHS: Record<string, number> = { x: 4, u: 6, U: 10 };

/** Follows a double-quoted text on one line through its escapes; `null` where it doesn't come out. */
function alignEscapes(value: string, raw: string, base: number) {
  if (/[\r\n]/.test(raw)) return null;
  const builder = new SourcedTextBuilder();
  let at = 0;
  let i = 0;
  while (i < value.length) {
    const unit = raw[at];
    if (unit === undefined) return null;
    if (unit !== "\\") {
      if (unit !== value[i]) return null;
      builder.add(unit, base + at);
      i++;
      at++;
      continue;
    }
    const length = ESCAPE_LENGTHS[raw[at + 1] ?? ""] ?? 2;
    const character = String.fromCodePoint(value.codePointAt(i) ?? 0);
    const units = length === 10 ? character.length : 1;
    builder.add(value.slice(i, i + units), base + at, length);
    i += units;
    at += length;
  }
  return at === raw.length ? builder.build().segments : null;
}
