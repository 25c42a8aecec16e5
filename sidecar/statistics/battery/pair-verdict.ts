import type { Figure } from "../figure.ts";
import type { LayerInput } from "./battery-input.ts";
import type { BatteryOptions } from "./battery-options.ts";
import { causes } from "./causes.ts";
import type { CausesWord, PairResult, PairVerdictWord, ShapesWord } from "./result.ts";
import { shapes } from "./shapes.ts";

/** The two by two of shapes and causes. Overlapping causes are overlapping whatever the shapes. */
export function pairVerdictWord(shape: ShapesWord, cause: CausesWord): PairVerdictWord {
  if (cause === "overlapping") return "overlapping";
  if (shape === "undecided" || cause === "undecided") return "undecided";
  if (cause === "distinct") return shape === "distinct" ? "detached" : "distinct causes under one shape";
  return shape === "distinct" ? "one cause under distinct shapes" : "sintered";
}

/** The battery for one pair at one layer: shapes from training activations, causes from test outcomes, and their verdict. */
export function pairVerdict(
  of: readonly [string, string],
  input: LayerInput,
  options: Partial<BatteryOptions> = {},
  seed = 0,
): PairResult {
  const shape = shapes(of, input.samples, options);
  const cause = causes(of, input.categories, options, seed);
  const figures: Figure[] = [...shape.figures, ...cause.figures];
  const because = `Shapes ${shape.verdict}: ${shape.because}. Causes ${cause.verdict}: ${cause.because}.`;
  return {
    layer: input.layer,
    shapes: shape.verdict,
    causes: cause.verdict,
    figures,
    verdict: { of, verdict: pairVerdictWord(shape.verdict, cause.verdict), because, figures: figures.map((_, i) => i) },
  };
}
