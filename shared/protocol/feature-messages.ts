import { z } from "zod";
import { floatsSchema } from "./floats.ts";

/** A feature of a model's suite: the layer whose stream its dictionary reads, and its number there. */
export const featureReferenceSchema = z.object({ layer: z.int().min(0), feature: z.int().min(0) });
export type FeatureReference = z.output<typeof featureReferenceSchema>;

/** `label` is empty where the labels' file has none. */
const labelledFeatureSchema = featureReferenceSchema.extend({ label: z.string() });
export type LabelledFeature = z.output<typeof labelledFeatureSchema>;

/** The user's file of labels, an absolute path; `null` where there is none. */
export const labelsFileSchema = z.string().nullable();

/** The folder or file of a model's dictionaries, an absolute path; `null`: the folder `dictionaries` beside the model. */
export const suitePathSchema = z.string().nullable();

/** The dictionaries of a model, by layer. */
export const featureSuiteSchema = z.object({
  layers: z.array(
    z.object({
      layer: z.int(),
      /** The hook point that it reads, and the path that edits name it by. */
      at: z.string(),
      path: z.string(),
      features: z.int(),
    }),
  ),
});
export type FeatureSuite = z.output<typeof featureSuiteSchema>;

export const searchFeaturesParamsSchema = z.object({
  model: z.string(),
  dictionaries: suitePathSchema,
  labels: labelsFileSchema,
  /** Words of a label, a number (`512`) or a layer and a number (`4/512`). */
  query: z.string(),
  limit: z.int().min(1).max(200),
});
export const foundFeaturesSchema = z.object({
  found: z.array(labelledFeatureSchema),
  /** How many there are in all. */
  total: z.int(),
  /** Why nothing could be looked for; empty where it could. */
  note: z.string(),
});
export type FoundFeatures = z.output<typeof foundFeaturesSchema>;

export const strongestFeaturesParamsSchema = z.object({
  key: z.string(),
  dictionaries: suitePathSchema,
  /** A layer of the inspection. */
  layer: z.int(),
  count: z.int().min(1).max(100),
  /** The features that are wanted instead, whether they fire or not. */
  only: z.array(z.int().min(0)).exactOptional(),
  labels: labelsFileSchema,
});
/** The features that a prompt fires most at one layer, by their largest activation with the first position left out. */
export const strongestFeaturesSchema = z.object({
  /** Strongest first; empty where nothing fires. */
  features: z.array(labelledFeatureSchema),
  /** `[features, tokens]`, row-major. */
  values: floatsSchema,
  milliseconds: z.number(),
});
export type StrongestFeatures = z.output<typeof strongestFeaturesSchema>;

export const describeFeatureParamsSchema = featureReferenceSchema.extend({
  key: z.string(),
  dictionaries: suitePathSchema,
  labels: labelsFileSchema,
  /** A file of directions, `null` for the model's own. */
  directions: z.string().nullable(),
  refusalTokens: z.array(z.string()).min(1),
});
export const featureDescriptionSchema = labelledFeatureSchema.extend({
  at: z.string(),
  /** How many features its dictionary has. */
  of: z.int(),
  /** `[tokens]` of the inspected prompt. */
  activations: floatsSchema,
  /** Of its decoder vector with each direction known, largest in size first. */
  cosines: z.array(z.object({ name: z.string(), cosine: z.number() })),
  /** The tokens that its decoder vector raises most through the last norm and the unembedding, most raised first. */
  raised: z.array(z.object({ text: z.string(), refusal: z.boolean() })),
  /** How many tokens that refusals start with are among the raised ones, of how many. */
  refusal: z.object({ raised: z.int(), tokens: z.int() }),
});
export type FeatureDescription = z.output<typeof featureDescriptionSchema>;

export const followParamsSchema = featureReferenceSchema.extend({
  model: z.string(),
  dictionaries: suitePathSchema,
  labels: labelsFileSchema,
});
/** A feature through the layers of its suite, by layer; `cosine` is with the decoder vector of the layer before on the way, 1 for its own. */
export const followedSchema = z.object({ way: z.array(labelledFeatureSchema.extend({ cosine: z.number() })) });
export type Followed = z.output<typeof followedSchema>;

export const firingParamsSchema = featureReferenceSchema.extend({
  model: z.string(),
  dictionaries: suitePathSchema,
  /** The messages of each prompt. */
  prompts: z
    .array(z.array(z.object({ role: z.enum(["system", "user", "assistant", "tool"]), text: z.string() })))
    .max(2000),
});
/** How often a feature fires on a set of prompts, and where most; the first position of each prompt is left out. */
export const firingSchema = z.object({
  prompts: z.int(),
  tokens: z.int(),
  fired: z.int(),
  /** Prompts that were left out because they are longer than the model's context. */
  tooLong: z.int(),
  /** The prompts with its largest activations, largest first, each with the token where that is. */
  most: z.array(
    z.object({
      prompt: z.int(),
      activation: z.number(),
      position: z.int(),
      token: z.string(),
      fired: z.int(),
      tokens: z.int(),
    }),
  ),
});
export type Firing = z.output<typeof firingSchema>;

export const writeFeatureVectorsParamsSchema = z.object({
  model: z.string(),
  dictionaries: suitePathSchema,
  features: z.array(featureReferenceSchema).min(1),
  /** Absolute path of the safetensors file to write. */
  file: z.string(),
});
/** The subspaces that were written: one tensor per layer, `[features, dModel]`, unit decoder vectors. */
export const featureVectorsSchema = z.object({
  written: z.array(z.object({ tensor: z.string(), at: z.string(), features: z.array(z.int()) })),
});
export type FeatureVectorsFile = z.output<typeof featureVectorsSchema>;

export const suiteParamsSchema = z.object({ model: z.string(), dictionaries: suitePathSchema });
