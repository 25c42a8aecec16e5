import { z } from "zod";
import { type Options, optionFields } from "../plugin/options.ts";
import { conditionEditSchema } from "./condition-edit.ts";

/** What plugins add to specs: ids with what can be set on them. */
export interface SpecVocabulary {
  experiments: readonly { id: string; describe: string; options: Options }[];
  finders: readonly { id: string; describe: string; options: Options }[];
  scorers: readonly { id: string; describe: string }[];
  readings: readonly { id: string; describe: string }[];
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const promptSetSchema = z.strictObject({
  file: z.string().describe("A prompt file, relative to this one."),
  where: z
    .record(z.string(), z.union([scalar, z.array(scalar)]))
    .optional()
    .describe("Fields and the values they may have; conditions.age reaches into an object."),
  harmful: z.boolean().optional().describe("Whether these prompts ask for harm."),
  matched: z.string().optional().describe("The set of harmless prompts with the same nouns and frames."),
  limit: z.int().min(1).optional().describe("At most so many prompts, drawn with the seed, bases whole."),
});
export type PromptSetSpec = z.infer<typeof promptSetSchema>;

const minus = z.array(z.string()).min(1).optional().describe("Components that this one is made orthogonal to.");
const hookPoint = z.string().describe("Hook point, e.g. resid_post.4.");

const madeComponents = [
  z.strictObject({ vector: z.string().describe("file#tensor of one direction."), at: hookPoint, minus }),
  z.strictObject({ vectors: z.string().describe("file#tensor of a subspace, [k, dModel]."), at: hookPoint, minus }),
  z.strictObject({ span: z.array(z.string()).min(1).describe("Components whose span this is."), minus }),
  z.strictObject({
    shared: z.array(z.string()).length(2).describe("Two components whose shared part this is."),
    above: z.number().min(0).max(1).default(0.5).describe("Principal vectors with a larger cosine are shared."),
    minus,
  }),
  z.strictObject({
    private: z.array(z.string()).length(2).describe("Two components: the part of the first that is not the second's."),
    below: z.number().min(0).max(1).default(0.5).describe("Principal vectors with a smaller cosine are private."),
    minus,
  }),
] as const;
export type MadeComponentSpec = z.infer<(typeof madeComponents)[number]>;

/** A component to be found; the finder's own options stand beside these keys. */
export interface FoundComponentSpec {
  find: string;
  positive: string;
  negative: string;
  layers?: [number, number] | undefined;
  positions?: number[] | undefined;
  minus?: string[] | undefined;
  [option: string]: unknown;
}
export type ComponentSpec = FoundComponentSpec | MadeComponentSpec;

const scorerSchema = z.union([
  z.string().describe("A scorer by its id: built in or a plugin's."),
  z.strictObject({
    name: z.string().describe("The scorer's name in this spec."),
    onnx: z.string().describe("Folder of an ONNX sequence classifier with its tokenizer, relative to this file."),
    reads: z.enum(["reply", "prompt-and-reply"]).default("reply").describe("What the classifier is given."),
    refusal: z
      .string()
      .optional()
      .describe("The label (of config.json's id2label) that means a refusal, or the reward's."),
    threshold: z.number().optional().describe("A score above it is a refusal; 0 on the log-odds by default."),
  }),
  z.strictObject({
    name: z.string().describe("The ensemble's name in this spec."),
    ensemble: z
      .array(z.string())
      .min(2)
      .describe("Scorers that vote; their disagreements are listed prompt by prompt."),
  }),
]);
export type ScorerSpec = z.infer<typeof scorerSchema>;

const identity = z.string();

/** The one schema of `*.refract.yaml`: what validates it, what types it and what editors complete from. */
export function specSchema(vocabulary: SpecVocabulary) {
  const experiments = vocabulary.experiments.map((kind) =>
    z.strictObject({ kind: z.literal(kind.id), ...optionFields(kind.options) }).describe(kind.describe),
  );
  const found = vocabulary.finders.map((finder) =>
    z
      .strictObject({
        find: z.literal(finder.id),
        positive: z.string().describe("The prompt set that shows it."),
        negative: z.string().describe("The prompt set that does not."),
        layers: z
          .tuple([z.int().min(0), z.int().min(0)])
          .optional()
          .describe("First and last layer to look at."),
        positions: z.array(z.int().max(-1)).min(1).optional().describe("Positions from the prompt's end, -1 the last."),
        minus,
        ...optionFields(finder.options),
      })
      .describe(finder.describe),
  );
  return z.strictObject({
    refract: z.literal(1).describe("Version of this format."),
    model: z.string().describe("demo, or a model's folder relative to this file."),
    seed: z.int().min(0).default(0).describe("Every random draw follows from it."),
    prompts: z
      .record(identity, promptSetSchema)
      .default({})
      .describe("Prompt sets: a file and a filter over its fields."),
    components: z
      .record(identity, z.union([...found, ...madeComponents]))
      .default({})
      .describe("Directions and subspaces, given, to be found, or made of others.") as z.ZodType<
      Record<string, ComponentSpec>
    >,
    conditions: z
      .record(identity, z.array(conditionEditSchema))
      .default({})
      .describe("Named lists of edits; baseline has none and needs no entry."),
    scorers: z
      .array(scorerSchema)
      .min(1)
      .default(["first-token", "substrings"])
      .describe("What says whether a reply refuses."),
    readings: z
      .array(z.string())
      .default([])
      .describe("Readings that `inspect` takes of its prompts beside its components: built in or a plugin's."),
    refusalTokens: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Texts of the tokens that refusals start with; derived from the model's own refusals where absent."),
    taxonomy: z.string().optional().describe("A *.taxonomy.yaml with sources of harm and their conditions."),
    plugins: z.array(z.string()).default([]).describe("Plugin modules, relative to this file."),
    budget: z
      .strictObject({
        passes: z.int().min(1).optional().describe("Refuse a plan that takes more forward passes."),
        minutes: z.number().positive().optional().describe("Stop after so long and keep what is done."),
      })
      .default({})
      .describe("What the run may cost."),
    experiments: z
      .record(
        identity,
        z.discriminatedUnion("kind", experiments as [(typeof experiments)[number], ...(typeof experiments)[number][]]),
      )
      .describe("What is asked, by name.") as z.ZodType<Record<string, { kind: string; [option: string]: unknown }>>,
  });
}

export type Spec = z.infer<ReturnType<typeof specSchema>>;

export function isFound(component: ComponentSpec): component is FoundComponentSpec {
  return "find" in component;
}

/** The JSON schema that editors complete from. */
export function specJsonSchema(vocabulary: SpecVocabulary): Record<string, unknown> {
  return z.toJSONSchema(specSchema(vocabulary), { io: "input" }) as Record<string, unknown>;
}
