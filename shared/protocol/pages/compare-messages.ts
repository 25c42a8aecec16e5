import { z } from "zod";
import { conditionSliderSchema } from "../compare-stream.ts";

/** One column of a comparison: a condition and what its reply has become so far. */
export const compareColumnSchema = z.object({
  condition: z.string(),
  /** Where the condition stands; `null` for the baseline. */
  file: z.string().nullable(),
  /** What the condition does, in words: `ablate cyber everywhere`. Empty for the baseline. */
  describe: z.string(),
  /** Whether it edits by features of a dictionary, which is measured before. */
  byFeature: z.boolean(),
  /** What a slider sets, as its file has it (`written`) and as it stands; `null` for conditions without one. */
  slider: conditionSliderSchema.extend({ written: z.number() }).nullable(),
  /** The reply's tokens so far; their texts join to the reply. */
  tokens: z.array(z.object({ id: z.int(), text: z.string() })),
  /** The reply of the run before, until this one's first token is there; empty where there is none. */
  before: z.string(),
  state: z.enum(["waiting", "streaming", "done", "failed"]),
  /** Why it failed; empty otherwise. */
  failure: z.string(),
  /** Dictionaries that can't be trusted and wait for the user's word, by path; empty where none does. */
  unconfirmed: z.array(z.string()),
  /** Refusal score of the first token, as a probability; `null` until measured. */
  refusal: z.number().nullable(),
  /** KL(baseline ‖ condition) at each token of the baseline's reply, in nats; empty until measured. */
  klToBaseline: z.array(z.number()),
  tokensPerSecond: z.number().nullable(),
  /** What the edits did: touched rows and mean relative change of the stream's norm. */
  effect: z.object({ rows: z.int(), relativeChange: z.number() }).nullable(),
  warnings: z.array(z.string()),
});
export type CompareColumn = z.output<typeof compareColumnSchema>;

/** What a page saves of itself, so that the comparison is there again after a reload and can be run again. */
export const comparisonSchema = z.object({
  title: z.string(),
  prompt: z.string(),
  /** What the model is called. */
  model: z.string(),
  /** Where the prompt stands, by its document's address and its index there, and the model as calls name it. */
  of: z.object({ document: z.string(), prompt: z.int(), model: z.string() }),
  columns: z.array(compareColumnSchema),
  /** The column that the others are compared with. */
  baseline: z.int(),
});
export type Comparison = z.output<typeof comparisonSchema>;

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
  /** Runs a column whose dictionary can't be trusted, once the user has been asked. */
  z.object({ type: z.literal("edit-anyway"), column: z.int() }),
  z.object({ type: z.literal("copy"), column: z.int() }),
  /** Opens two columns in the editor's own diff view. */
  z.object({ type: z.literal("diff"), left: z.int(), right: z.int() }),
  z.object({ type: z.literal("export"), format: z.enum(["markdown", "json"]) }),
  z.object({ type: z.literal("save-as-experiment") }),
  z.object({ type: z.literal("focus-editor") }),
]);
export type FromCompare = z.output<typeof fromCompareSchema>;
