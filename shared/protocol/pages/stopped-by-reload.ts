import type { Comparison } from "./compare-messages.ts";

/** A comparison as a reload leaves it: nothing runs any more, and what had come so far is kept. */
export function stoppedByReload(comparison: Comparison): Comparison {
  const columns = comparison.columns.map((column) => {
    const ran = column.state === "waiting" || column.state === "streaming";
    return ran ? { ...column, state: "failed" as const, failure: "Stopped by the reload." } : column;
  });
  return { ...comparison, columns };
}
