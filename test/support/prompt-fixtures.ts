import { expect } from "vitest";
import { promptFormats } from "../../shared/prompts/built-in-formats.ts";
import { formatOf } from "../../shared/prompts/format-of.ts";
import { lineOf, lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { ParsedPrompts } from "../../shared/prompts/prompt.ts";
import { sourceOf } from "../../shared/prompts/source-segments.ts";

/** Parses a file by its name with the formats that come with the product, and holds every segment to the file. */
export function parse(name: string, text: string): ParsedPrompts {
  const format = formatOf(name, promptFormats.prompts ?? []);
  if (format === null) throw new Error(`no format for ${name}`);
  const parsed = format.parse(text);
  holdSegments(parsed, text);
  return parsed;
}

/** Segments are in order, inside the file, and where they correspond unit for unit, the units are the same. */
export function holdSegments({ prompts }: ParsedPrompts, text: string): void {
  for (const { messages, range } of prompts) {
    expect(range.start).toBeLessThanOrEqual(range.end);
    expect(range.end).toBeLessThanOrEqual(text.length);
    for (const message of messages) {
      let read = 0;
      for (const { start, length, source, sourceLength } of message.segments) {
        expect(start).toBeGreaterThanOrEqual(read);
        expect(start + length).toBeLessThanOrEqual(message.text.length);
        expect(source + sourceLength).toBeLessThanOrEqual(text.length);
        if (length === sourceLength && length > 1) {
          expect(text.slice(source, source + sourceLength)).toBe(message.text.slice(start, start + length));
        }
        read = start + length;
      }
    }
  }
}

/** Roles and texts of a prompt, short. */
export function messagesOf({ prompts }: ParsedPrompts, index = 0): string[] {
  return prompts[index]?.messages.map(({ role, text }) => `${role}: ${text}`) ?? [];
}

/** `line:column message` of every diagnostic. */
export function faultsOf({ diagnostics }: ParsedPrompts, text: string): string[] {
  const lines = lineStartsOf(text);
  return diagnostics.map(({ severity, message, range }) => {
    const { line, column } = lineOf(lines, range.start);
    return `${severity} ${line}:${column} ${message}`;
  });
}

/** What stands in the file where the first message's first `part` is. */
export function inFile(parsed: ParsedPrompts, text: string, part: string, index = 0): string {
  const message = parsed.prompts[index]?.messages.find((candidate) => candidate.text.includes(part));
  const at = message?.text.indexOf(part) ?? -1;
  const range = message === undefined ? null : sourceOf(message.segments, at, at + part.length);
  return range === null ? "" : text.slice(range.start, range.end);
}
