import { z } from "zod";

export const specCheckParamsSchema = z.object({
  /** Absolute path of the spec: what it names is relative to its folder. */
  path: z.string(),
  /** Its text as it is in the editor. */
  text: z.string(),
});

const place = { line: z.int(), column: z.int(), endLine: z.int(), endColumn: z.int() };

export const specCheckSchema = z.object({
  problems: z.array(z.object({ message: z.string(), field: z.string(), ...place })),
});

export const specCompleteParamsSchema = z.object({
  ...specCheckParamsSchema.shape,
  /** UTF-16 offset of the cursor. */
  offset: z.int().min(0),
});

export const specCompleteSchema = z.object({
  items: z.array(z.object({ label: z.string(), kind: z.enum(["key", "value"]), describe: z.string() })),
});

export const runParamsSchema = z.object({
  spec: z.string(),
  /** The first experiment that runs; those before it are left out. Absent: all run. */
  from: z.string().optional(),
  /** A run folder to go on with. */
  resume: z.string().nullable(),
  /** Paths of untrusted dictionaries whose features the user wants to edit all the same. */
  confirmedDictionaries: z.array(z.string()),
});

export const runEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("folder"), path: z.string() }),
  z.object({ type: z.literal("warning"), sentence: z.string() }),
  z.object({
    type: z.literal("experiment"),
    experiment: z.string(),
    status: z.enum(["done", "failed", "cancelled"]),
    sentences: z.array(z.string()),
  }),
]);
export type RunEvent = z.output<typeof runEventSchema>;

export const runResultSchema = z.object({ folder: z.string(), status: z.enum(["done", "failed", "cancelled"]) });
