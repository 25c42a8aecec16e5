import type { ShownFigure } from "../../shared/plugin/view-block.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";

/** Units of things that are counted: such a figure is a whole number of its n. */
const COUNTED = new Set(["prompts", "replies"]);

/**
 * A figure in full: value, interval, n and unit, `6 of 24 replies` where things were counted; a dash and the reason where there is no value.
 * @param unit of a figure that has none of its own; `null` where what stands around it says the unit.
 */
export function figureText(figure: ShownFigure, unit: string | null | undefined): string {
  const { value, low, high, n, why } = figure;
  if (value === null) return `\u2013 (${why ?? "not measured"})`;
  const own = figure.unit ?? unit ?? "";
  const said = unit === null || own === "" ? "" : ` ${own}`;
  if (COUNTED.has(own) && Number.isInteger(value)) return `${value}${n === undefined ? "" : ` of\u00a0${n}`}${said}`;
  const interval = low != null && high != null ? ` [${formatFigure(low)},\u00a0${formatFigure(high)}]` : "";
  const of = n === undefined ? "" : `, n\u00a0${n}`;
  return `${formatFigure(value)}${interval}${said}${of}${interval === "" && why ? ` (${why})` : ""}`;
}
