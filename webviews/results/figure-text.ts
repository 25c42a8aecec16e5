import type { ShownFigure } from "../../shared/plugin/view-block.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";

/** A figure in full: value, interval, n and unit; a dash and the reason where there is no value. */
export function figureText(figure: ShownFigure, unit: string | undefined): string {
  if (figure.value === null) return `\u2013 (${figure.why ?? "not measured"})`;
  const interval =
    figure.low != null && figure.high != null
      ? ` [${formatFigure(figure.low)},\u00a0${formatFigure(figure.high)}]`
      : "";
  const n = figure.n === undefined ? "" : `, n\u00a0${figure.n}`;
  const said = figure.unit ?? unit;
  const why = interval === "" && figure.why ? ` (${figure.why})` : "";
  return `${formatFigure(figure.value)}${interval}${said ? ` ${said}` : ""}${n}${why}`;
}
