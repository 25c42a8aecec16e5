import type { LedgerToken } from "../../shared/engine/token-ledger.ts";

/** A token with its place in the document as it is now: `null` for what the template wrote and for text that an edit has touched. */
export interface PlacedToken {
  token: LedgerToken;
  /** Index into the ledger. */
  index: number;
  place: { start: number; end: number } | null;
}

export interface TextChange {
  /** UTF-16 offset of the replaced stretch in the document before the change. */
  offset: number;
  length: number;
  inserted: number;
}

export function placeTokens(tokens: readonly LedgerToken[]): PlacedToken[] {
  return tokens.map((token, index) => ({
    token,
    index,
    place: token.source === undefined ? null : { start: token.source.start, end: token.source.end },
  }));
}

/** Moves places along with an edit; a token whose own text was touched loses its place until the prompt is read again. */
export function movePlaces(tokens: readonly PlacedToken[], change: TextChange): PlacedToken[] {
  const end = change.offset + change.length;
  const shift = change.inserted - change.length;
  return tokens.map((placed) => {
    const { place } = placed;
    if (place === null || place.end <= change.offset) return placed;
    if (place.start >= end) return { ...placed, place: { start: place.start + shift, end: place.end + shift } };
    return { ...placed, place: null };
  });
}

/** The tokens whose text stands at an offset; several where they share a character. */
export function tokensAt(tokens: readonly PlacedToken[], offset: number): PlacedToken[] {
  return tokens.filter(
    ({ place }) => place !== null && place.start <= offset && offset < Math.max(place.end, place.start + 1),
  );
}

/** A run of tokens that stand nowhere in the file, and where they are shown: before or after a place in it. */
export interface TemplateRun {
  tokens: PlacedToken[];
  offset: number;
  side: "before" | "after";
}

/**
 * Groups what the template wrote by the text it stands beside: what comes before the first text of the file is shown before it, everything else
 * after the text that it follows.
 */
export function templateRuns(tokens: readonly PlacedToken[]): TemplateRun[] {
  const runs: TemplateRun[] = [];
  let waiting: PlacedToken[] = [];
  let last: { start: number; end: number } | null = null;
  const flush = (next: { start: number; end: number } | null) => {
    if (waiting.length === 0) return;
    if (last !== null) runs.push({ tokens: waiting, offset: last.end, side: "after" });
    else if (next !== null) runs.push({ tokens: waiting, offset: next.start, side: "before" });
    waiting = [];
  };
  for (const placed of tokens) {
    if (placed.token.source === undefined) {
      waiting.push(placed);
    } else if (placed.place !== null) {
      flush(placed.place);
      last = placed.place;
    }
  }
  flush(null);
  return runs;
}
