import type { Figure, Verdict } from "../figure.ts";

export type PairVerdictWord =
  | "detached"
  | "sintered"
  | "one cause under distinct shapes"
  | "distinct causes under one shape"
  | "overlapping"
  | "undecided";

export type ShapesWord = "distinct" | "one" | "undecided";
export type CausesWord = "distinct" | "one" | "overlapping" | "undecided";

/** Half of a verdict, with its own figures: `because` ends in what is missing where it is undecided. */
export interface HalfVerdict<Word extends string> {
  verdict: Word;
  because: string;
  figures: Figure[];
}

/** Battery of one pair at one layer; indices of `verdict.figures` are into `figures`. */
export interface PairResult {
  layer: number;
  shapes: ShapesWord;
  causes: CausesWord;
  figures: Figure[];
  verdict: Verdict<PairVerdictWord>;
}

/** Battery of one pair over the layers that qualify; `figures` are those of the headline layer. */
export interface BatteryResult {
  /** Every layer with its own figures, ascending. */
  layers: PairResult[];
  figures: Figure[];
  verdict: Verdict<PairVerdictWord> & {
    /** The last qualifying layer, whose verdict is the headline; `null` where none qualifies. */
    layer: number | null;
    byLayer: { layer: number; verdict: PairVerdictWord; shapes: ShapesWord; causes: CausesWord }[];
    /** First layer from which no later one has other causes than one; `null` where the last decided layer has not one cause. */
    mergeLayer: number | null;
  };
}
