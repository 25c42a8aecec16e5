import { z } from "zod";

const positionsSchema = z
  .union([
    z.enum(["all", "prompt", "generated", "last"]),
    z.array(z.int()),
    z.strictObject({ from: z.int().optional(), to: z.int().optional() }),
  ])
  .describe("Which positions are touched; all where absent. Negative ones count from the prompt's end.");

const where = {
  at: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe(
      "Hook points, e.g. resid_post.4 or resid_mid.*; of a component, its own layer (add, affine) or every point (ablate).",
    ),
  positions: positionsSchema.optional(),
};
const direction = {
  component: z.string().optional().describe("A component of this spec, instead of a file and a place."),
  vector: z.string().optional().describe("file.safetensors#tensor, file.npy or file.gguf#layer, relative to the spec."),
};
const feature = {
  dictionary: z.string().describe("Folder or file of a dictionary, relative to the spec."),
  feature: z.int().min(0).describe("Index of the feature."),
  error: z.enum(["keep", "drop"]).default("keep").describe("What becomes of the dictionary's reconstruction error."),
};

/** One edit of a condition: as in an edits file, with `component` in place of a vector and its place. */
export const conditionEditSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("add"), ...direction, scale: z.number().default(1), ...where }),
  z.strictObject({
    kind: z.literal("ablate"),
    ...direction,
    vectors: z.string().optional().describe("A subspace from a file."),
    ...where,
  }),
  z.strictObject({ kind: z.literal("affine"), ...direction, target: z.number(), ...where }),
  z.strictObject({ kind: z.literal("clamp"), ...feature, value: z.number(), ...where }),
  z.strictObject({ kind: z.literal("scale"), ...feature, factor: z.number(), ...where }),
]);
export type ConditionEdit = z.infer<typeof conditionEditSchema>;
