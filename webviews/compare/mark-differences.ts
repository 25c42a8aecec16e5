import { diffWordsWithSpace } from "diff";
import type { CompareColumn } from "../../shared/protocol/pages/compare-messages.ts";

/** A piece of a reply: the same as in the baseline's, or the column's own. */
export interface MarkedText {
  text: string;
  changed: boolean;
  /** The first token that differs from the baseline's begins here. */
  diverges: boolean;
}

export function replyOf(column: CompareColumn): string {
  return column.tokens.map((token) => token.text).join("");
}

/** Index of the first token that differs from the baseline's; `null` while all agree. A shorter reply that agrees so far doesn't diverge. */
export function firstDivergence(baseline: CompareColumn, column: CompareColumn): number | null {
  const shared = Math.min(baseline.tokens.length, column.tokens.length);
  for (let index = 0; index < shared; index++) {
    if (baseline.tokens[index]?.id !== column.tokens[index]?.id) return index;
  }
  const lengthsFinal = baseline.state === "done" && column.state === "done";
  return lengthsFinal && baseline.tokens.length !== column.tokens.length ? shared : null;
}

/** Splits a reply into what it shares with the baseline's by word and what is its own, and marks where the two first diverge. */
export function markDifferences(baseline: CompareColumn, column: CompareColumn): MarkedText[] {
  const divergence = firstDivergence(baseline, column);
  if (divergence === null) return [{ text: replyOf(column), changed: false, diverges: false }];
  const shared = column.tokens
    .slice(0, divergence)
    .map((token) => token.text)
    .join("");
  const pieces: MarkedText[] = shared === "" ? [] : [{ text: shared, changed: false, diverges: false }];
  const own = replyOf(column).slice(shared.length);
  const others = replyOf(baseline).slice(shared.length);
  const marked = diffWordsWithSpace(others, own)
    .filter((part) => !part.removed)
    .map((part) => ({ text: part.value, changed: part.added, diverges: false }));
  const [first = { text: "", changed: true, diverges: false }, ...rest] = marked;
  return [...pieces, { ...first, diverges: true }, ...rest];
}
