import { z } from "zod";
import type { HookPoint } from "../engine/hook-point.ts";
import { parseHookPoint } from "../engine/hook-point.ts";
import type { ModelDescription } from "../engine/model-description.ts";

export const hookPointSchema = z.custom<HookPoint>(
  (value) => typeof value === "string" && parseHookPoint(value) !== null,
  "expected a hook point such as resid_post.4",
);

/** `ModelDescription` as it crosses the wire. */
export const modelDescriptionSchema = z.object({
  layers: z.int(),
  dModel: z.int(),
  vocabSize: z.int(),
  architecture: z.string(),
  exporter: z.string(),
  kv: z.enum(["group-query", "concat", "none"]),
  hookPoints: z.array(hookPointSchema),
  blocks: z.array(z.tuple([z.int(), z.int()])),
  precision: z.string(),
  provider: z.string(),
  warnings: z.array(z.string()),
  contextLength: z.int().nullable(),
  endTokens: z.array(z.int()),
  hash: z.string(),
}) satisfies z.ZodType<ModelDescription>;

/** A model that is loaded, under the name by which every other call refers to it. */
export const openModelSchema = z.object({
  /** What the user gave: `demo`, a folder or a file. */
  path: z.string(),
  description: modelDescriptionSchema,
});
export type OpenModel = z.output<typeof openModelSchema>;

/** A model found on disk, not loaded. */
export const foundModelSchema = z.object({
  path: z.string(),
  /** What a person calls it: a repository's name, a folder's name. */
  name: z.string(),
  origin: z.enum(["demo", "hub-cache"]),
});
export type FoundModel = z.output<typeof foundModelSchema>;
