import type { ModelTokenizer } from "../engine/tokens/open-tokenizer.ts";

/**
 * The tokens that a reply beginning with one of these words begins with, with and without a blank before. A word that the vocabulary has not
 * whole is left out: its first piece may begin anything ("S" begins "Sorry" and "Sure").
 */
export function firstTokens(tokenizer: ModelTokenizer, words: readonly string[]): number[] {
  const ids = words.flatMap((word) =>
    [word, ` ${word}`].flatMap((text) => {
      const pieces = tokenizer.ids(text);
      return pieces.length === 1 ? pieces : [];
    }),
  );
  return [...new Set(ids)];
}
