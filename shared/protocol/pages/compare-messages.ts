import { z } from "zod";

/** One column of a comparison: a condition and what its reply has become so far. */
export interface CompareColumn {
  condition: string;
  /** What the condition does, in words: `ablate cyber everywhere`. Empty for the baseline. */
  describe: string;
  /**
   * What a slider sets: the value of clamped features, the factor of scaled ones, or the strength of all edits. `written` is what the file
   * says. `null` for conditions without one.
   */
  slider: { kind: "strength" | "value" | "factor"; value: number; written: number; least: number; most: number } | null;
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

/** Checked by the extension as it arrives: a page is not trusted. */
export const fromCompareSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("slider"), column: z.int(), value: z.number() }),
  z.object({ type: z.literal("pin"), column: z.int() }),
  z.object({ type: z.literal("remove"), column: z.int() }),
  z.object({ type: z.literal("add-condition") }),
  z.object({ type: z.literal("stop") }),
  z.object({ type: z.literal("rerun") }),
  z.object({ type: z.literal("copy"), column: z.int() }),
  /** Opens two columns in the editor's own diff view. */
  z.object({ type: z.literal("diff"), left: z.int(), right: z.int() }),
  z.object({ type: z.literal("export"), format: z.enum(["markdown", "json"]) }),
  z.object({ type: z.literal("save-as-experiment") }),
  z.object({ type: z.literal("focus-editor") }),
]);
export type FromCompare = z.output<typeof fromCompareSchema>;
