import type { Figure } from "../../../shared/plugin/result-document.ts";
import { bootstrap } from "../../statistics/bootstrap.ts";
import { newcombePaired } from "../../statistics/paired-contrast.ts";
import { seeded } from "../../statistics/random.ts";
import { toFigure } from "../study/to-figure.ts";
import type { ReplyRow } from "./reply-row.ts";

const REPLICATES = 1000;

/** Replies of a condition with the baseline's reply to the same prompt under the same seed. */
function pairs(rows: readonly ReplyRow[], condition: string): { before: ReplyRow; after: ReplyRow }[] {
  const baseline = new Map(
    rows.filter((row) => row.condition === "baseline").map((row) => [`${row.prompt}/${row.sample}`, row]),
  );
  return rows
    .filter((row) => row.condition === condition)
    .flatMap((after) => {
      const before = baseline.get(`${after.prompt}/${after.sample}`);
      return before ? [{ before, after }] : [];
    });
}

/** Change of the refusal rate: Newcombe's paired interval, since a bootstrap collapses where all replies turn alike. */
export function refusalChange(rows: readonly ReplyRow[], condition: string): Figure {
  const [name, of, unit] = ["change of refusal", [condition], "rate"] as const;
  const paired = pairs(rows, condition);
  if (paired.length === 0)
    return { name, of: [...of], estimate: null, low: null, high: null, n: 0, unit, why: "no reply in both conditions" };
  const base = paired.map(({ after }) => after.base);
  const rise = newcombePaired(
    paired.map(({ after }) => after.refused),
    paired.map(({ before }) => before.refused),
    base,
  );
  return toFigure({ name, of, ...rise, n: new Set(base).size, unit });
}

/** Change of a quantity from baseline to a condition, reply by reply with the same seed, resampled over base prompts. */
export function change(
  rows: readonly ReplyRow[],
  condition: string,
  value: (row: ReplyRow) => number,
  name: string,
  of: string[],
  unit: string,
  seed: number,
): Figure {
  const paired = pairs(rows, condition).map(({ before, after }) => ({
    base: after.base,
    difference: value(after) - value(before),
  }));
  if (paired.length === 0)
    return { name, of, estimate: null, low: null, high: null, n: 0, unit, why: "no reply in both conditions" };
  const { estimate, low, high } = bootstrap(
    paired.map(({ base }) => base),
    (at) => at.reduce((sum, i) => sum + (paired[i]?.difference ?? 0), 0) / at.length,
    { random: seeded(seed, [name, ...of].join("/")), replicates: REPLICATES },
  );
  return toFigure({ name, of, estimate, low, high, n: new Set(paired.map(({ base }) => base)).size, unit });
}

/** A correlation over replies, resampled over base prompts. */
export function correlation(
  name: string,
  of: string[],
  rows: readonly ReplyRow[],
  statistic: (at: readonly number[]) => number,
  seed: number,
): Figure {
  const { estimate, low, high } = bootstrap(
    rows.map(({ base }) => base),
    statistic,
    { random: seeded(seed, [name, ...of].join("/")), replicates: REPLICATES },
  );
  return toFigure({
    name,
    of,
    estimate,
    low,
    high,
    n: new Set(rows.map(({ base }) => base)).size,
    unit: "correlation",
  });
}
