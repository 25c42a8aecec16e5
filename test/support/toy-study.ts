import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../shared/engine/engine.ts";
import type { PromptMessage } from "../../shared/prompts/prompt.ts";
import { openRegistry } from "../../sidecar/plugins/open-registry.ts";
import type { RunRequest } from "../../sidecar/runs/execute-run.ts";
import type { RunTools } from "../../sidecar/runs/prepare-run.ts";
import type { StudyModel } from "../../sidecar/runs/study-model.ts";
import { seeded } from "../../sidecar/statistics/random.ts";
import { id, toyEngine, WORDS } from "./toy-engine.ts";

/** The toy model with a tokenizer of whole words and a template that ends in `<end> <gap>`. */
export function toyModel(engine: Engine = toyEngine()): StudyModel {
  const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
  return {
    path: "toy",
    engine,
    tokenizer: {
      templateHash: "toy-template",
      ledger(messages: readonly PromptMessage[]) {
        const content = messages.flatMap(({ text }) => words(text));
        const ids = [id("<user>"), ...content.map(id), id("<end>"), id("<gap>")];
        const tokens = ids.map((token) => ({
          id: token,
          text: WORDS[token] ?? "",
          piece: WORDS[token] ?? "",
          start: 0,
          end: 0,
          role: "user" as const,
          special: false,
        }));
        const rendered = ids.map((token) => WORDS[token]).join(" ");
        return {
          ids,
          tokens,
          rendered,
          templateHash: "toy-template",
          lastInstruction: content.length,
          bosCount: 0,
          warnings: [],
        };
      },
      ids: (text) => words(text).map(id),
      piece: (token) => WORDS[token] ?? null,
      decode: (ids) =>
        ids
          .map((token) => WORDS[token] ?? "")
          .filter((word) => !word.startsWith("<"))
          .join(" "),
    },
  };
}

const VERBS: Record<string, { verb: string; harmful: boolean }> = {
  cyber: { verb: "hack", harmful: true },
  fraud: { verb: "defraud", harmful: true },
  theft: { verb: "steal", harmful: true },
  vandalism: { verb: "smash", harmful: true },
  weapons: { verb: "arm", harmful: true },
  poison: { verb: "envenom", harmful: true },
  cyber_ok: { verb: "fix", harmful: false },
  fraud_ok: { verb: "count", harmful: false },
  theft_ok: { verb: "buy", harmful: false },
  vandalism_ok: { verb: "paint", harmful: false },
  weapons_ok: { verb: "clean", harmful: false },
  poison_ok: { verb: "cook", harmful: false },
};

/** Writes `all.jsonl` of the toy model's world: `counts` prompts of each category in each split. */
export function writeToyPrompts(folder: string, counts: { train: number; val: number; test: number }): void {
  const lines: string[] = [];
  for (const [category, { verb, harmful }] of Object.entries(VERBS)) {
    for (const [split, n] of Object.entries(counts)) {
      for (let i = 0; i < n; i++) {
        const random = seeded(5, `${category}/${split}/${i}`);
        const nouns = Array.from({ length: 4 }, () => `noun${random.below(40)}`);
        const manner = i % 2 ? "polite" : "plain";
        const text = [...(i % 2 ? ["please"] : []), verb, ...nouns].join(" ");
        const id = `${category}-${split}-${i}`;
        const row = { category, split, base: id, label: harmful ? "harmful" : "harmless", conditions: { manner } };
        lines.push(JSON.stringify({ id, text, ...row }));
        for (const wrapper of harmful ? ["drill", "order"] : []) {
          lines.push(
            JSON.stringify({
              id: `${id}-${wrapper}`,
              text: `${wrapper} ${text}`,
              ...row,
              category: `${category}-${wrapper}`,
            }),
          );
        }
      }
    }
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "all.jsonl"), `${lines.join("\n")}\n`);
}

/** Prompt sets and components of a toy spec for some categories. */
export function toySpec(categories: readonly string[], body: string, seed = 7): string {
  const sets = categories.flatMap((name) => [
    `  ${name}: {file: all.jsonl, where: {category: ${name}}, harmful: true, matched: ${name}_ok}`,
    `  ${name}_ok: {file: all.jsonl, where: {category: ${name}_ok}, harmful: false}`,
  ]);
  const [first = ""] = categories;
  sets.push(
    `  polite: {file: all.jsonl, where: {category: [${categories.join(", ")}], conditions.manner: polite}, harmful: true}`,
    `  plain: {file: all.jsonl, where: {category: [${categories.join(", ")}], conditions.manner: plain}, harmful: true}`,
    `  drill: {file: all.jsonl, where: {category: ${first}-drill}, harmful: true}`,
    `  orderly: {file: all.jsonl, where: {category: ${first}-order}, harmful: true}`,
  );
  const components = categories.map(
    (name) => `  ${name}: {find: difference-in-means, positive: ${name}, negative: ${name}_ok}`,
  );
  return [
    "refract: 1",
    "model: toy",
    `seed: ${seed}`,
    "prompts:",
    ...sets,
    "components:",
    ...components,
    body,
    "",
  ].join("\n");
}

export function toyTools(engine?: Engine): RunTools {
  return {
    registry: (plugins) => openRegistry(plugins, 3000),
    openModel: async () => toyModel(engine),
    versions: { refract: "test" },
  };
}

/** A folder with the toy world's prompts and a spec. */
export function toyFolder(
  spec: string,
  counts = { train: 48, val: 24, test: 48 },
): { folder: string; specPath: string } {
  const folder = mkdtempSync(join(tmpdir(), "refract-toy-"));
  writeToyPrompts(folder, counts);
  const specPath = join(folder, "toy.refract.yaml");
  writeFileSync(specPath, spec);
  return { folder, specPath };
}

export function toyRequest(specPath: string, out: string, more: Partial<RunRequest> = {}): RunRequest {
  return {
    specPath,
    out,
    resume: null,
    exhaustive: false,
    from: null,
    signal: new AbortController().signal,
    onProgress() {},
    onWarning() {},
    onExperiment() {},
    onFolder() {},
    ...more,
  };
}
