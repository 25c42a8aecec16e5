import type { ModelTokenizer } from "../engine/tokens/open-tokenizer.ts";

/** The first tokens of words, as a reply may begin with them: with and without a blank before. */
export function firstTokens(tokenizer: ModelTokenizer, words: readonly string[]): number[] {
  const ids = words.flatMap((word) => [word, ` ${word}`].flatMap((text) => tokenizer.ids(text).slice(0, 1)));
  // A blank that is a token of its own begins every reply, refusals or not.
  return [...new Set(ids)].filter((id) => tokenizer.decode([id], { special: true }).trim() !== "");
}
