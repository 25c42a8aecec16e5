import type { Figure } from "../../../shared/plugin/result-document.ts";
import type { ShownFigure } from "../../../shared/plugin/view-block.ts";
import { bootstrap } from "../../statistics/bootstrap.ts";
import { newcombePaired } from "../../statistics/paired-contrast.ts";
import { seeded } from "../../statistics/random.ts";
import { rateInterval } from "../../statistics/rate-interval.ts";
import { toFigure } from "./to-figure.ts";

function average(values: readonly number[], rows: readonly number[]): number {
  let sum = 0;
  for (const row of rows) sum += values[row] ?? Number.NaN;
  return sum / rows.length;
}

/** Mean with a bootstrap interval over base prompts. Null where there is no row. */
export function meanFigure(
  name: string,
  of: readonly string[],
  values: readonly number[],
  base: readonly string[],
  unit: string,
  seed: number,
): Figure {
  if (values.length === 0)
    return { name, of: [...of], estimate: null, low: null, high: null, n: 0, unit, why: "no prompt" };
  const { estimate, low, high } = bootstrap(base, (rows) => average(values, rows), {
    random: seeded(seed, [name, ...of].join("/")),
  });
  return toFigure({ name, of, estimate, low, high, n: values.length, unit });
}

/** Rate with Wilson's interval. */
export function rateFigure(
  name: string,
  of: readonly string[],
  outcomes: readonly boolean[],
  base: readonly string[],
): Figure {
  if (outcomes.length === 0)
    return { name, of: [...of], estimate: null, low: null, high: null, n: 0, unit: "rate", why: "no prompt" };
  return toFigure({ name, of, ...rateInterval(outcomes, base), unit: "rate" });
}

/** Drop of a rate on the same prompts, with Newcombe's paired interval. */
export function dropFigure(
  name: string,
  of: readonly string[],
  before: readonly boolean[],
  after: readonly boolean[],
  base: readonly string[],
): Figure {
  if (before.length === 0)
    return { name, of: [...of], estimate: null, low: null, high: null, n: 0, unit: "rate", why: "no prompt" };
  return toFigure({ name, of, ...newcombePaired(before, after, base), unit: "rate" });
}

/** A figure as a cell of a picture. */
export function shown(figure: Figure, evidence?: string): ShownFigure {
  return {
    value: figure.estimate,
    low: figure.low,
    high: figure.high,
    n: figure.n,
    unit: figure.unit,
    ...(figure.why === undefined ? {} : { why: figure.why }),
    ...(evidence === undefined ? {} : { evidence }),
  };
}

/** `0.94 [0.88, 0.97]`, or the reason for a missing number or interval. */
export function inWords(figure: Figure | undefined): string {
  if (!figure || figure.estimate === null) return figure?.why ?? "not measured";
  const number = (value: number | null) =>
    value === null
      ? "?"
      : value
          .toFixed(2)
          .replace(/^-(0\.00)$/, "$1")
          .replace("-", "\u2212");
  if (figure.low === null && figure.high === null)
    return `${number(figure.estimate)} (no interval${figure.why === undefined ? "" : `: ${figure.why}`})`;
  return `${number(figure.estimate)} [${number(figure.low)}, ${number(figure.high)}]`;
}
