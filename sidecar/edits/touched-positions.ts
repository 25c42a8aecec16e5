import type { Positions } from "../../shared/engine/positions.ts";
import { refused } from "../../shared/errors.ts";

/**
 * Refuses positions of a list that lie outside every sequence, and a range that begins behind the end of every one.
 * @param prompts lengths of the prompts. @param generated how many tokens may follow each prompt.
 */
export function refuseUnreachable(
  positions: Positions,
  prompts: readonly number[],
  generated: number,
  label: string,
): void {
  const longest = Math.max(...prompts);
  const sequences =
    prompts.length === 1
      ? `the sequence has ${longest} tokens`
      : `the longest of ${prompts.length} sequences has ${longest} tokens`;
  const more = generated > 0 ? ` and at most ${generated} are generated` : "";
  if (typeof positions === "string") return;
  if ("from" in positions) {
    if (positions.from >= longest + generated) {
      throw refused(`${label}: positions from ${positions.from} on lie outside every sequence: ${sequences}${more}`);
    }
    return;
  }
  for (const position of positions) {
    const reachable = position >= 0 ? position < longest + generated : position >= -longest;
    if (!reachable) throw refused(`${label}: position ${position} lies outside every sequence: ${sequences}${more}`);
  }
}
