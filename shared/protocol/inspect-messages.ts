import { z } from "zod";
import { SITES } from "../engine/hook-point.ts";
import type { TokenLedger } from "../engine/token-ledger.ts";
import { featureReferenceSchema, labelsFileSchema, suitePathSchema } from "./feature-messages.ts";
import { floatsSchema } from "./floats.ts";
import { promptSchema } from "./prompt-messages.ts";

/** A direction in a file. `vector` is written as in an edits file: `v.safetensors#tensor`, `f.gguf#layer`, `v.npy`, with an absolute path. */
export const directionReferenceSchema = z.object({
  name: z.string(),
  vector: z.string(),
});
export type DirectionReference = z.output<typeof directionReferenceSchema>;

const tokenLedgerSchema = z.object({
  ids: z.array(z.int()),
  tokens: z.array(
    z.object({
      id: z.int(),
      text: z.string(),
      piece: z.string(),
      start: z.int(),
      end: z.int(),
      role: z.enum(["system", "user", "assistant", "tool", "template"]),
      special: z.boolean(),
      source: z.object({ line: z.int(), column: z.int(), start: z.int(), end: z.int() }).exactOptional(),
    }),
  ),
  rendered: z.string(),
  templateHash: z.string().nullable(),
  lastInstruction: z.int().nullable(),
  bosCount: z.int(),
  warnings: z.array(z.string()),
}) satisfies z.ZodType<TokenLedger>;

/** A reading that the sidecar offers. */
export const readingChoiceSchema = z.object({
  id: z.string(),
  label: z.string(),
  unit: z.string(),
  describe: z.string(),
  needsDirection: z.boolean(),
});

export const inspectParamsSchema = z.object({
  model: z.string(),
  prompt: promptSchema,
  reading: z.string(),
  site: z.enum(SITES),
  /** What a projection reads; `null` for readings without a direction. */
  direction: directionReferenceSchema.nullable(),
  /** What the reading of features reads: the sum of their activations, each at its own layer. */
  features: z.array(featureReferenceSchema).exactOptional(),
  /** Where the reading of features finds its dictionaries. */
  dictionaries: suitePathSchema,
  /** Words that refusals start with. */
  refusalTokens: z.array(z.string()).min(1),
});
export type InspectParams = z.output<typeof inspectParamsSchema>;

/** One prompt, read at every layer and token. */
export const inspectionSchema = z.object({
  /** Names the pass: later calls about its cells give it. */
  key: z.string(),
  model: z.string(),
  provider: z.string(),
  ledger: tokenLedgerSchema,
  layers: z.int(),
  site: z.enum(SITES),
  /** `note` says what must be known of its values: where it has none, and why. */
  reading: z.object({ id: z.string(), label: z.string(), unit: z.string(), note: z.string() }),
  /** `[layers, tokens]`, row-major, NaN where there is no value. */
  values: floatsSchema,
  /** `[tokens]`: surprisal of each token in nats, NaN for the first. */
  surprisal: floatsSchema,
  /** First-token refusal at the last position: log-odds and probability, and the tokens whose probabilities were summed. */
  refusal: z.object({ score: z.number(), probability: z.number(), tokens: z.array(z.string()) }).nullable(),
  /** The whole call, and the forward pass alone. */
  milliseconds: z.number(),
  forwardMilliseconds: z.number(),
  warnings: z.array(z.string()),
});
export type Inspection = z.output<typeof inspectionSchema>;

export const cellParamsSchema = z.object({
  key: z.string(),
  layer: z.int(),
  token: z.int(),
  top: z.int().max(100),
  dictionaries: suitePathSchema,
  labels: labelsFileSchema,
});

/** What the logit lens sees in one cell, most probable first. */
export const cellSchema = z.object({
  nextTokens: z.array(z.object({ id: z.int(), text: z.string(), probability: z.number() })),
  features: z.array(z.object({ layer: z.int(), feature: z.int(), label: z.string(), activation: z.number() })),
  /** Why the features could not be read; empty where they could, or where the model has no dictionaries. */
  note: z.string(),
  /** The stream's norm here. */
  norm: z.number(),
});
export type Cell = z.output<typeof cellSchema>;
