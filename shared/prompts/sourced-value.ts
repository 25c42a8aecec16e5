import type { SourceRange, SourceSegment } from "./prompt.ts";

/** A text with the place of each of its characters in the file. */
export interface SourcedText {
  text: string;
  segments: SourceSegment[];
  range: SourceRange;
}

/** A value of a JSON, YAML or CSV file with its place: what all of them are read into. */
export type SourcedValue =
  | ({ kind: "text" } & SourcedText)
  | { kind: "object"; entries: SourcedEntry[]; range: SourceRange }
  | { kind: "array"; items: SourcedValue[]; range: SourceRange }
  | { kind: "other"; value: number | boolean | null; range: SourceRange };

export interface SourcedEntry {
  key: string;
  keyRange: SourceRange;
  value: SourcedValue;
}

/** The value without places. */
export function plainValue(value: SourcedValue): unknown {
  switch (value.kind) {
    case "text":
      return value.text;
    case "other":
      return value.value;
    case "array":
      return value.items.map(plainValue);
    case "object":
      return Object.fromEntries(value.entries.map((entry) => [entry.key, plainValue(entry.value)]));
  }
}

/** The last value under a key, as JSON and YAML readers have it. */
export function valueAt(object: SourcedValue, key: string): SourcedValue | undefined {
  return object.kind === "object" ? object.entries.findLast((entry) => entry.key === key)?.value : undefined;
}

/** What a value is, for messages. */
export function describeValue(value: SourcedValue): string {
  switch (value.kind) {
    case "text":
      return "a text";
    case "object":
      return "an object";
    case "array":
      return "a list";
    case "other":
      return value.value === null ? "empty" : String(value.value);
  }
}
