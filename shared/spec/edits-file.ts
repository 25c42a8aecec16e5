import { z } from "zod";

const positions = z
  .union([
    z.enum(["all", "prompt", "generated", "last"]),
    z.array(z.int()).min(1),
    z.strictObject({ from: z.int().min(0).optional(), to: z.int().min(1).optional() }),
  ])
  .describe(
    "Which positions are touched; all, prompt and generated, where absent. A range is 0-based with an exclusive end; negative positions of a list count from the prompt's end.",
  );

const where = {
  at: z
    .union([z.string(), z.array(z.string()).min(1)])
    .describe("Hook points, e.g. resid_post.4 or resid_mid.*; one or a list."),
  positions: positions.optional(),
};

const vector = z
  .string()
  .describe("file.safetensors#tensor, file.npy or file.gguf#layer, relative to this file: [d_model].");

const feature = {
  dictionary: z.string().describe("Folder or file of a dictionary, relative to this file."),
  feature: z.int().min(0).describe("Index of the feature."),
  error: z.enum(["keep", "drop"]).default("keep").describe("What becomes of the dictionary's reconstruction error."),
};

/** One edit of an edits file. */
export const fileEditSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("add"), vector, scale: z.number().default(1), ...where }),
  z.strictObject({
    kind: z.literal("ablate"),
    vectors: z
      .string()
      .describe("file.safetensors#tensor, file.npy or file.gguf#layer: [d_model] or a subspace [k, d_model]."),
    ...where,
  }),
  z.strictObject({ kind: z.literal("affine"), vector, target: z.number(), ...where }),
  z.strictObject({ kind: z.literal("clamp"), ...feature, value: z.number(), ...where }),
  z.strictObject({ kind: z.literal("scale"), ...feature, factor: z.number(), ...where }),
]);
export type FileEdit = z.infer<typeof fileEditSchema>;
export type FilePositions = z.infer<typeof positions>;

/** The edits file: named conditions, each a list of edits. */
export const editsFileSchema = z.strictObject({
  conditions: z.array(z.strictObject({ name: z.string().min(1), edits: z.array(fileEditSchema) })).min(1),
});
export type EditsFile = z.infer<typeof editsFileSchema>;

export const EDIT_KINDS = ["add", "ablate", "affine", "clamp", "scale"] as const;
