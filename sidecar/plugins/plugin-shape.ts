import { z } from "zod";

/** What a plugin's default export must look like, with each function replaced by the word "function". */
const method = z.literal("function", { error: "expected a function" });
const words = { id: z.string().min(1), label: z.string(), describe: z.string() };
const options = z.record(z.string(), z.looseObject({ type: z.string(), describe: z.string() }));

export const pluginShape = z.strictObject({
  name: z.string().min(1),
  experiments: z
    .array(z.strictObject({ ...words, options, plan: method, execute: method, summarise: method }))
    .default([]),
  finders: z.array(z.strictObject({ ...words, options, passes: method, find: method })).default([]),
  views: z
    .array(z.strictObject({ id: z.string().min(1), kind: z.string(), label: z.string(), blocks: method }))
    .default([]),
  scorers: z.array(z.strictObject({ ...words, needs: z.enum(["next-token", "reply"]), score: method })).default([]),
  readings: z
    .array(
      z.strictObject({
        ...words,
        unit: z.string(),
        needs: z.strictObject({ direction: z.boolean(), activations: z.boolean(), logits: z.boolean() }),
        read: method,
      }),
    )
    .default([]),
  dictionaries: z
    .array(z.strictObject({ id: z.string().min(1), label: z.string(), recognise: method, open: method }))
    .default([]),
  prompts: z.array(z.looseObject({ id: z.string().min(1) })).default([]),
});
export type PluginShape = z.infer<typeof pluginShape>;
