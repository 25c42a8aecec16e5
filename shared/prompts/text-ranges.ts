import { SourcedTextBuilder } from "./source-segments.ts";
import type { SourcedText } from "./sourced-value.ts";

/**
 * The stretch `[start, end)` of a file as a message's text. Line ends become LF, as every editor setting must give the model the same
 * text.
 */
export function fileText(text: string, start: number, end: number): SourcedText {
  const builder = new SourcedTextBuilder();
  let read = start;
  for (const found of text.slice(start, end).matchAll(/\r\n?/g)) {
    const at = start + found.index;
    builder.add(text.slice(read, at), read);
    builder.add("\n", at, found[0].length);
    read = at + found[0].length;
  }
  builder.add(text.slice(read, end), read);
  return { ...builder.build(), range: { start, end } };
}

/** Where a file's text begins: after a byte order mark, which marks the encoding and is no text. */
export function textStart(text: string): number {
  return text.startsWith("\uFEFF") ? 1 : 0;
}

/** Moves an end back over one line end: the one that editors set at a file's end. */
export function withoutFinalLineEnd(text: string, start: number, end: number): number {
  if (end > start && text[end - 1] === "\n") return end > start + 1 && text[end - 2] === "\r" ? end - 2 : end - 1;
  return end > start && text[end - 1] === "\r" ? end - 1 : end;
}

/** Moves a start over lines without visible characters. */
export function afterBlankLines(text: string, start: number, end: number): number {
  const blank = /^(?:[ \t]*(?:\r\n|\r|\n))+/.exec(text.slice(start, end));
  return start + (blank?.[0].length ?? 0);
}
