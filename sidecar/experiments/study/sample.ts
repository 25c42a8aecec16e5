import { seeded, shuffle } from "../../statistics/random.ts";

/** At most `count` items, drawn with the seed, in their order. Not evenly spaced ones: files alternate, and a step may hit one kind only. */
export function sample<T>(items: readonly T[], count: number, seed: number): T[] {
  if (items.length <= count) return [...items];
  const chosen = shuffle(
    items.map((_, i) => i),
    seeded(seed, `sample/${items.length}/${count}`),
  );
  return chosen
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((i) => items[i] as T);
}
