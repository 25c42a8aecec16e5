function words(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []);
}

/** Shared words over all words of two texts. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((word) => b.has(word)).length;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Which category's refusals a reply is worded like: the one whose refusals share most words with it (mean Jaccard index). Null where two
 * categories share as many: they refuse in the same words, so that the wording cannot say which refusal came out.
 */
export function replyTopic(reply: string, refusals: ReadonlyMap<string, readonly string[]>): string | null {
  const own = words(reply);
  const scores = [...refusals]
    .filter(([, texts]) => texts.length > 0)
    .map(([category, texts]) => ({ category, score: mean(texts.map((text) => overlap(own, words(text)))) }))
    .sort((a, b) => b.score - a.score);
  const [best, second] = scores;
  if (!best || best.score === 0) return null;
  return second && best.score - second.score < 1e-9 ? null : best.category;
}
