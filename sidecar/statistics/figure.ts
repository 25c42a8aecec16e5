/** One number that is shown: never without its interval and its n (the form of `summary.json`). */
export interface Figure {
  /** What was measured, e.g. `effect` or `cosine`. */
  name: string;
  /** What it was measured on: components, categories, in the order that the name defines. */
  of: readonly string[];
  estimate: number;
  low: number;
  high: number;
  n: number;
  unit: string;
}

/** A conclusion in a fixed vocabulary, the sentence that it rests on, and the indices of its figures in the list beside it. */
export interface Verdict<Word extends string> {
  of: readonly string[];
  verdict: Word;
  because: string;
  figures: readonly number[];
}

/** An estimate with its interval. */
export interface Interval {
  estimate: number;
  low: number;
  high: number;
}
