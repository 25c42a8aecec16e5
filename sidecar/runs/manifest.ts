import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { refused } from "../../shared/errors.ts";

const fileSchema = z.object({ path: z.string(), sha256: z.string() });

/** `manifest.json`: everything that a rerun needs, and what its numbers depend on. */
export const manifestSchema = z.object({
  refract: z.literal(1),
  versions: z.record(z.string(), z.string()),
  started: z.string(),
  spec: z.object({ path: z.string(), sha256: z.string(), text: z.string(), resolved: z.unknown() }),
  model: z.object({
    name: z.string(),
    path: z.string(),
    hash: z.string(),
    architecture: z.string(),
    exporter: z.string(),
    layers: z.number(),
    dModel: z.number(),
    precision: z.string(),
    provider: z.string(),
    templateHash: z.string().nullable(),
    files: z.array(fileSchema),
  }),
  seed: z.number(),
  exhaustive: z.boolean(),
  /** The experiment that the run began with, leaving out those before it; null where all were run. */
  from: z.string().nullable().default(null),
  /** The day that templates which write a date have seen. */
  date: z.string(),
  prompts: z.array(fileSchema),
  plugins: z.array(fileSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function hashedFile(path: string): { path: string; sha256: string } {
  return { path, sha256: sha256(readFileSync(path)) };
}

/** Small files of a model's folder that a result depends on; the weights are named by the model's own hash. */
export function modelFiles(path: string): { path: string; sha256: string }[] {
  return [
    "config.json",
    "genai_config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
  ]
    .map((name) => join(path, name))
    .filter((file) => existsSync(file))
    .map(hashedFile);
}

export function readManifest(runFolder: string): Manifest {
  const path = join(runFolder, "manifest.json");
  if (!existsSync(path)) throw refused(`${runFolder}: is not a run folder: it has no manifest.json.`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refused(`${path}: is not JSON; the run was stopped before it began. Start a new one.`, cause);
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refused(`${path}: ${issue?.path.join(".")}: ${issue?.message}.`);
  }
  return parsed.data;
}

/** Refuses to go on with a run under another spec, model, seed or prompts than it began with, naming both values. */
export function checkSameRun(path: string, before: Manifest, now: Manifest): void {
  const differences: [string, string, string][] = [
    ["the spec", before.spec.sha256.slice(0, 12), now.spec.sha256.slice(0, 12)],
    ["the model", before.model.hash, now.model.hash],
    ["the provider", before.model.provider, now.model.provider],
    ["the chat template", String(before.model.templateHash), String(now.model.templateHash)],
    ["exhaustive", String(before.exhaustive), String(now.exhaustive)],
    ...now.prompts.map(({ path: file, sha256: hash }): [string, string, string] => {
      const old = before.prompts.find((one) => one.path === file);
      return [`prompt file ${file}`, old?.sha256.slice(0, 12) ?? "none", hash.slice(0, 12)];
    }),
    ...now.plugins.map(({ path: file, sha256: hash }): [string, string, string] => {
      const old = before.plugins.find((one) => one.path === file);
      return [`plugin ${file}`, old?.sha256.slice(0, 12) ?? "none", hash.slice(0, 12)];
    }),
  ];
  const changed = differences.filter(([, old, current]) => old !== current);
  if (changed.length === 0) return;
  const list = changed.map(([what, old, current]) => `${what} was ${old} and is ${current}`).join("; ");
  throw refused(`${path}: cannot go on with this run: ${list}. Start a new run instead.`);
}
