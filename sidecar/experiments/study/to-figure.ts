import type { Figure } from "../../../shared/plugin/result-document.ts";
import type { Figure as Measured } from "../../statistics/figure.ts";

function finite(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value * 1e9) / 1e9 : null;
}

/** A figure as `summary.json` holds it: what is no number is null, and says so. */
export function toFigure(
  figure: Omit<Measured, "of"> & { of: readonly string[] },
  layer: number | null = null,
): Figure {
  const estimate = finite(figure.estimate);
  return {
    name: figure.name,
    of: [...figure.of],
    estimate,
    low: finite(figure.low),
    high: finite(figure.high),
    n: Math.round(figure.n),
    unit: figure.unit,
    ...(layer === null ? {} : { layer }),
    ...(estimate === null ? { why: "the data give no number here" } : {}),
  };
}
