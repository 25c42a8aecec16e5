import { z } from "zod";
import { floatsSchema } from "./floats.ts";
import { promptSchema } from "./prompt-messages.ts";

/** What a slider sets of a condition: the value of its clamped features, the factor of its scaled ones, or the strength that multiplies what it does. */
const sliderKindSchema = z.enum(["strength", "value", "factor"]);

export const conditionSliderSchema = z.object({
  kind: sliderKindSchema,
  /** As the file writes it. */
  value: z.number(),
  least: z.number(),
  most: z.number(),
});
export type ConditionSlider = z.output<typeof conditionSliderSchema>;

/** Where a condition's edits stand: an edits file or a spec, by the condition's name there; `null` is the baseline, which has none. */
export const compareConditionSchema = z.object({
  name: z.string(),
  file: z.string().nullable(),
  /** Where the slider stands; `null` leaves the edits as they are written. */
  slider: z.object({ kind: sliderKindSchema, value: z.number() }).nullable(),
});
export type CompareCondition = z.output<typeof compareConditionSchema>;

/** A condition that a file offers. */
export const offeredConditionSchema = z.object({
  name: z.string(),
  file: z.string().nullable(),
  /** What it does, in words: `ablate cyber at every hook point`. */
  describe: z.string(),
  /** What a slider sets; `null` where there is nothing to set: an ablation has no strength. */
  slider: conditionSliderSchema.nullable(),
  /** The edits as the file writes them, paths relative to its folder: what is written when the condition is saved into another file. */
  edits: z.array(z.record(z.string(), z.unknown())),
});
export type OfferedCondition = z.output<typeof offeredConditionSchema>;

export const compareParamsSchema = z.object({
  model: z.string(),
  prompt: promptSchema,
  conditions: z.array(compareConditionSchema).min(1),
  /** The baseline's reply, where an earlier comparison has it: what KL is measured on. Without it the KL needs the baseline among the conditions. */
  baselineReply: z.array(z.int()).nullable(),
  refusalTokens: z.array(z.string()).min(1),
  maxNewTokens: z.int().min(1).max(4096),
  temperature: z.number().min(0),
  topP: z.number().gt(0).max(1),
  seed: z.int(),
  /** Paths of untrusted dictionaries whose features the user wants to edit all the same. */
  confirmedDictionaries: z.array(z.string()),
});
export type CompareParams = z.output<typeof compareParamsSchema>;

export const compareEventSchema = z.discriminatedUnion("type", [
  /** A column that can't run, and why; the others go on. `unconfirmed`: paths of the dictionaries that wait for the user's word. */
  z.object({
    type: z.literal("refused"),
    column: z.int(),
    message: z.string(),
    unconfirmed: z.array(z.string()),
  }),
  /** New tokens of one column, in order; several where the client was slower than the model. */
  z.object({
    type: z.literal("tokens"),
    column: z.int(),
    tokens: z.array(z.object({ id: z.int(), text: z.string() })),
  }),
  z.object({ type: z.literal("refusal"), column: z.int(), score: z.number(), probability: z.number() }),
  z.object({
    type: z.literal("done"),
    column: z.int(),
    text: z.string(),
    finish: z.enum(["stop", "length"]),
    tokensPerSecond: z.number(),
    effect: z.object({ rows: z.int(), relativeChange: z.number() }).nullable(),
    warnings: z.array(z.string()),
  }),
  /** KL(baseline || condition) at each token of the baseline's reply, in nats, both given the baseline's text. */
  z.object({ type: z.literal("kl"), column: z.int(), values: floatsSchema }),
]);
export type CompareEvent = z.output<typeof compareEventSchema>;

export const compareResultSchema = z.object({ milliseconds: z.number(), warnings: z.array(z.string()) });
export type CompareResult = z.output<typeof compareResultSchema>;
