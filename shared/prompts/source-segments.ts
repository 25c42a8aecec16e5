import type { SourceRange, SourceSegment } from "./prompt.ts";

/** Where characters `[from, to)` of a message's text stand in the file; `null` where none of them does. */
export function sourceOf(segments: readonly SourceSegment[], from: number, to: number): SourceRange | null {
  const first = segmentFrom(segments, from);
  let range: SourceRange | null = null;
  for (let index = first; index < segments.length; index++) {
    const segment = segments[index];
    if (segment === undefined || segment.start >= to) break;
    const start = Math.max(from, segment.start);
    const end = Math.min(to, segment.start + segment.length);
    if (end <= start) continue;
    const exact = segment.length === segment.sourceLength;
    const sourceStart = exact ? segment.source + start - segment.start : segment.source;
    const sourceEnd = exact ? segment.source + end - segment.start : segment.source + segment.sourceLength;
    range =
      range === null
        ? { start: sourceStart, end: sourceEnd }
        : { start: Math.min(range.start, sourceStart), end: Math.max(range.end, sourceEnd) };
  }
  return range;
}

/** Index of the first segment that ends after `offset`. */
function segmentFrom(segments: readonly SourceSegment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const segment = segments[middle];
    if (segment !== undefined && segment.start + segment.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Builds a text from pieces, keeping where each came from; neighbours that continue each other become one segment. */
export class SourcedTextBuilder {
  readonly #parts: string[] = [];
  readonly #segments: SourceSegment[] = [];
  #length = 0;

  /** Adds text that stands at `source` in the file, in `sourceLength` units. */
  add(text: string, source: number, sourceLength: number = text.length): void {
    if (text.length === 0) return;
    const last = this.#segments.at(-1);
    const exact = text.length === sourceLength;
    const continues =
      exact &&
      last !== undefined &&
      last.length === last.sourceLength &&
      last.start + last.length === this.#length &&
      last.source + last.sourceLength === source;
    if (continues) {
      last.length += text.length;
      last.sourceLength += text.length;
    } else {
      this.#segments.push({ start: this.#length, length: text.length, source, sourceLength });
    }
    this.#parts.push(text);
    this.#length += text.length;
  }

  /** Adds text with segments of its own. */
  addSourced(text: string, segments: readonly SourceSegment[]): void {
    let read = 0;
    for (const segment of segments) {
      if (segment.start > read) this.addWithout(text.slice(read, segment.start));
      read = segment.start + segment.length;
      this.add(text.slice(segment.start, read), segment.source, segment.sourceLength);
    }
    if (read < text.length) this.addWithout(text.slice(read));
  }

  /** Adds text that does not stand in the file. */
  addWithout(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }

  build(): { text: string; segments: SourceSegment[] } {
    return { text: this.#parts.join(""), segments: this.#segments };
  }
}
