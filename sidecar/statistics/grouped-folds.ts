import { rowsByBase } from "./bases.ts";
import { type Random, shuffle } from "./random.ts";

/**
 * Splits rows into folds that keep every group whole and the classes balanced: groups, shuffled and largest first, go to the fold
 * that holds fewest rows of their class.
 * @param group group id per row (base prompt, or source).
 * @param positive label per row.
 * @returns fold of each row, 0 to k - 1.
 */
export function groupedFolds(
  group: readonly string[],
  positive: readonly boolean[],
  k: number,
  random: Random,
): number[] {
  const groups = shuffle(rowsByBase(group), random).sort((p, q) => q.length - p.length);
  if (groups.length < k)
    throw new RangeError(`${k} folds need at least ${k} groups of prompts, found ${groups.length}.`);
  const load = Array.from({ length: k }, () => ({ yes: 0, no: 0 }));
  const fold = new Array<number>(group.length);
  for (const rows of groups) {
    const yes = rows.filter((row) => positive[row]).length;
    const no = rows.length - yes;
    let best = 0;
    for (let f = 1; f < k; f++) {
      const [a, b] = [load[f] as { yes: number; no: number }, load[best] as { yes: number; no: number }];
      const [first, second] = yes >= no ? [a.yes - b.yes, a.no - b.no] : [a.no - b.no, a.yes - b.yes];
      if (first < 0 || (first === 0 && second < 0)) best = f;
    }
    const chosen = load[best] as { yes: number; no: number };
    chosen.yes += yes;
    chosen.no += no;
    for (const row of rows) fold[row] = best;
  }
  return fold;
}
