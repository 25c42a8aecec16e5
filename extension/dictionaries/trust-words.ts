import type { MeasuredDictionary } from "../../shared/protocol/dictionary-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";

/** What was measured of one dictionary, in a line: `FVU 0.014 (declared 0.014), L0 13, loss recovered 0.99, 45 of 768 silent`. */
export function measuredLine(dictionary: MeasuredDictionary): string {
  const { fvu, l0, lossRecovered, dead, features, positions, declared } = dictionary;
  if (fvu === null) return "not measured: it cannot run on this model";
  const beside = (value: number | null) => (value === null ? "" : ` (declared ${formatFigure(value)})`);
  return [
    `FVU ${formatFigure(fvu)}${beside(declared.fvu)}`,
    ...(l0 === null ? [] : [`L0 ${formatFigure(l0)}${beside(declared.l0)}`]),
    ...(lossRecovered === null ? [] : [`loss recovered ${formatFigure(lossRecovered)}`]),
    `${dead} of ${features} silent at ${positions} positions`,
  ].join(", ");
}

/** All dictionaries of a model in a line. */
export function suiteLine(dictionaries: readonly MeasuredDictionary[]): string {
  const untrusted = dictionaries.filter(({ reasons }) => reasons.length > 0).length;
  const figures = dictionaries.flatMap(({ fvu }) => (fvu === null ? [] : [fvu]));
  const range =
    figures.length === 0
      ? ""
      : `, FVU ${[...new Set([Math.min(...figures), Math.max(...figures)].map(formatFigure))].join(" to ")}`;
  const word = untrusted === 0 ? "trusted" : `${untrusted} untrusted`;
  return `${dictionaries.length}, ${word}${range}`;
}

/** What the user is asked before features of dictionaries that do not fit are edited. */
export function confirmationQuestion(untrusted: readonly MeasuredDictionary[]): { message: string; detail: string } {
  const [first] = untrusted;
  const one = untrusted.length === 1 && first !== undefined;
  const [what, whose] = one
    ? [`the dictionary at ${first.reads}`, "its"]
    : [`${untrusted.length} dictionaries`, "their"];
  return {
    message: `Measured on this model, ${what} can't be trusted. Edit by ${whose} features anyway?`,
    detail: untrusted.map(({ path, reasons }) => `${path}: ${reasons.join("; ")}.`).join("\n"),
  };
}
