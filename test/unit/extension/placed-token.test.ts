import { describe, expect, test } from "vitest";
import { movePlaces, placeTokens, templateRuns, tokensAt } from "../../../extension/inspect/placed-token.ts";
import type { LedgerToken } from "../../../shared/engine/token-ledger.ts";

function token(text: string, source?: { start: number; end: number }): LedgerToken {
  const plain: LedgerToken = { id: 1, text, piece: text, start: 0, end: 0, role: "user", special: false };
  return source === undefined
    ? { ...plain, role: "template" }
    : { ...plain, source: { line: 1, column: 1, ...source } };
}

/** `<b><u>` then `How do` in the file, then `<e><a>`. */
const LEDGER = [
  token("<b>"),
  token("<u>"),
  token("How", { start: 10, end: 13 }),
  token(" do", { start: 13, end: 16 }),
  token("<e>"),
  token("<a>"),
];

function places(tokens: ReturnType<typeof placeTokens>) {
  return tokens.map(({ place }) => (place === null ? null : [place.start, place.end]));
}

describe("tokens in a document that is edited", () => {
  test("text before them moves them along", () => {
    const moved = movePlaces(placeTokens(LEDGER), { offset: 0, length: 2, inserted: 5 });
    expect(places(moved)).toEqual([null, null, [13, 16], [16, 19], null, null]);
  });

  test("text after them leaves them where they are", () => {
    const moved = movePlaces(placeTokens(LEDGER), { offset: 16, length: 0, inserted: 4 });
    expect(places(moved)).toEqual([null, null, [10, 13], [13, 16], null, null]);
  });

  test("a token whose own text is touched loses its place, its neighbours don't", () => {
    const moved = movePlaces(placeTokens(LEDGER), { offset: 14, length: 1, inserted: 0 });
    expect(places(moved)).toEqual([null, null, [10, 13], null, null, null]);
  });
});

describe("what stands at a place", () => {
  test("the token whose text is there", () => {
    expect(tokensAt(placeTokens(LEDGER), 12).map(({ index }) => index)).toEqual([2]);
    expect(tokensAt(placeTokens(LEDGER), 16)).toEqual([]);
  });

  test("all tokens that share a character", () => {
    const shared = placeTokens([token("\u00e4", { start: 0, end: 1 }), token("", { start: 0, end: 0 })]);
    expect(tokensAt(shared, 0).map(({ index }) => index)).toEqual([0, 1]);
  });
});

describe("the template's tokens", () => {
  test("stand before the first text and after the last", () => {
    const runs = templateRuns(placeTokens(LEDGER)).map(({ tokens, offset, side }) => ({
      indices: tokens.map(({ index }) => index),
      offset,
      side,
    }));
    expect(runs).toEqual([
      { indices: [0, 1], offset: 10, side: "before" },
      { indices: [4, 5], offset: 16, side: "after" },
    ]);
  });

  test("stand after the text that they follow, between two messages", () => {
    const chat = [token("a", { start: 0, end: 1 }), token("<e>"), token("b", { start: 5, end: 6 }), token("<e>")];
    const runs = templateRuns(placeTokens(chat)).map(({ offset, side }) => [offset, side]);
    expect(runs).toEqual([
      [1, "after"],
      [6, "after"],
    ]);
  });

  test("have no place where nothing of the prompt stands in the file", () => {
    expect(templateRuns(placeTokens([token("<b>"), token("<a>")]))).toEqual([]);
  });
});
