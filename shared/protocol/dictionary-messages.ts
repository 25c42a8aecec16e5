import { z } from "zod";
import { compareConditionSchema } from "./compare-stream.ts";
import { promptSchema } from "./prompt-messages.ts";

export const trustParamsSchema = z.object({
  /** Which dictionaries: those of a folder (`null`: the ones beside the model), those that conditions edit, or those that a spec names. */
  of: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("folder"), model: z.string(), path: z.string().nullable() }),
    z.object({ kind: z.literal("conditions"), model: z.string(), conditions: z.array(compareConditionSchema) }),
    z.object({ kind: z.literal("spec"), path: z.string() }),
  ]),
  /** What they are measured on; of a spec, its own prompts where this is empty. */
  prompts: z.array(promptSchema).max(64),
});

/** A dictionary and what it does on a model's own activations. */
export const measuredDictionarySchema = z.object({
  /** Its folder or file: what a confirmation names. */
  path: z.string(),
  format: z.string(),
  reads: z.string(),
  writes: z.string(),
  features: z.int(),
  declared: z.object({ fvu: z.number().nullable(), l0: z.number().nullable() }),
  /** `null` where it could not be run on this model at all. */
  fvu: z.number().nullable(),
  l0: z.number().nullable(),
  lossRecovered: z.number().nullable(),
  dead: z.int(),
  positions: z.int(),
  /** Why it should not be trusted; empty where nothing speaks against it. */
  reasons: z.array(z.string()),
  /** Why it is encoded on the CPU and not where the model runs; `null` where it is. */
  fallback: z.string().nullable(),
});
export const trustResultSchema = z.object({
  /** The model that they were measured on, as it is named in other calls. */
  model: z.string(),
  dictionaries: z.array(measuredDictionarySchema),
});

export type MeasuredDictionary = z.output<typeof measuredDictionarySchema>;
