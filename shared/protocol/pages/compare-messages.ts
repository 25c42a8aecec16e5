/** One column of a comparison: a condition and what its reply has become so far. */
export interface CompareColumn {
  condition: string;
  /** What the condition does, in words: `ablate cyber everywhere`. Empty for the baseline. */
  describe: string;
  /** The strength that a slider sets; `null` for conditions without one. */
  strength: { value: number; least: number; most: number } | null;
  /** The reply's tokens so far; their texts join to the reply. */
  tokens: { id: number; text: string }[];
  state: "waiting" | "streaming" | "done" | "failed";
  /** Why it failed; empty otherwise. */
  failure: string;
  /** Refusal score of the first token, as a probability; `null` until measured. */
  refusal: number | null;
  /** KL(baseline ‖ condition) at each token of the baseline's reply, in nats; empty until measured. */
  klToBaseline: number[];
  tokensPerSecond: number | null;
  /** What the edits did: touched rows and mean relative change of the stream's norm. */
  effect: { rows: number; relativeChange: number } | null;
  warnings: string[];
}

export interface Comparison {
  title: string;
  prompt: string;
  model: string;
  columns: CompareColumn[];
  /** The column that the others are compared with. */
  baseline: number;
}

export type ToCompare =
  /** The whole comparison; `saved` is one of an earlier session. */
  | { type: "comparison"; comparison: Comparison; saved: boolean }
  | { type: "token"; column: number; id: number; text: string }
  | { type: "column"; column: number; value: CompareColumn }
  | { type: "failed"; message: string };

export type FromCompare =
  | { type: "ready" }
  | { type: "strength"; column: number; value: number }
  | { type: "pin"; column: number }
  | { type: "remove"; column: number }
  | { type: "add-condition" }
  | { type: "stop" }
  | { type: "rerun" }
  | { type: "copy"; column: number }
  /** Opens two columns in the editor's own diff view. */
  | { type: "diff"; left: number; right: number }
  | { type: "export"; format: "markdown" | "json" }
  | { type: "save-as-experiment" };
