import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { PromptFormat } from "../../shared/plugin/prompt-format.ts";
import type { Split, StudyPrompt } from "../../shared/plugin/study.ts";
import type { Prompt, PromptMessage } from "../../shared/prompts/prompt.ts";
import type { PromptSetSpec } from "../../shared/spec/spec-schema.ts";
import { seeded, shuffle } from "../statistics/random.ts";
import type { StudyModel } from "./study-model.ts";

/** A prompt file as it was read, for the manifest. */
export interface ReadPromptFile {
  path: string;
  sha256: string;
  prompts: readonly Prompt[];
}

const SPLITS: readonly Split[] = ["train", "val", "test"];

function formatOf(path: string, formats: readonly PromptFormat[]): PromptFormat {
  const matching = formats
    .flatMap((format) => format.endings.map((ending) => ({ format, ending })))
    .filter(({ ending }) => path.toLowerCase().endsWith(ending))
    .sort((a, b) => b.ending.length - a.ending.length);
  const best = matching[0];
  if (best) return best.format;
  const endings = formats.flatMap((format) => format.endings).join(", ");
  throw refused(`${path}: no prompt format reads this kind of file (known endings: ${endings}).`);
}

/** Reads a prompt file whole; refused with file, line and column where a prompt in it cannot be used. */
export function readPromptFile(path: string, formats: readonly PromptFormat[]): ReadPromptFile {
  if (!existsSync(path)) throw refused(`${path}: there is no such prompt file.`);
  const bytes = readFileSync(path);
  const text = bytes.toString("utf8");
  const { prompts, diagnostics } = formatOf(path, formats).parse(text);
  const error = diagnostics.find(({ severity }) => severity === "error");
  if (error) {
    const before = text.slice(0, error.range.start).split("\n");
    throw refused(`${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${error.message}`);
  }
  return { path, sha256: createHash("sha256").update(bytes).digest("hex"), prompts };
}

/** A field of a prompt; `conditions.age` reaches into an object. */
function fieldOf(prompt: Prompt, name: string): unknown {
  if (name === "id") return prompt.id;
  if (name in prompt.fields) return prompt.fields[name];
  return name.split(".").reduce<unknown>((value, key) => {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }, prompt.fields);
}

function matches(prompt: Prompt, where: PromptSetSpec["where"]): boolean {
  return Object.entries(where ?? {}).every(([name, wanted]) => {
    const value = fieldOf(prompt, name) ?? null;
    return [wanted]
      .flat()
      .some((one) => one === value || (one !== null && value !== null && String(one) === String(value)));
  });
}

function text(value: unknown): string | null {
  return typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : null;
}

/** 50/25/25 by base, seeded: all variants of a base fall into one split. */
function drawSplits(bases: readonly string[], seed: number, set: string): Map<string, Split> {
  const order = shuffle([...new Set(bases)].sort(), seeded(seed, `split/${set}`));
  const train = Math.ceil(order.length * 0.5);
  const val = Math.ceil((order.length - train) / 2);
  return new Map(order.map((base, i) => [base, i < train ? "train" : i < train + val ? "val" : "test"]));
}

function harmfulOf(set: PromptSetSpec, label: string | null): boolean | null {
  if (set.harmful !== undefined) return set.harmful;
  if (label === "harmful" || label === "unsafe") return true;
  return label === "harmless" || label === "safe" ? false : null;
}

const KNOWN = new Set(["category", "split", "base", "conditions", "label"]);

export function lastUserText(messages: readonly PromptMessage[]): string {
  return messages.findLast(({ role }) => role === "user")?.text ?? messages.at(-1)?.text ?? "";
}

/** The prompts of one set: filtered, split, tokenized as a template sees them on that day. Refused where the filter leaves none. */
export function promptSet(
  name: string,
  set: PromptSetSpec,
  file: ReadPromptFile,
  model: Pick<StudyModel, "tokenizer">,
  seed: number,
  date: Date,
): StudyPrompt[] {
  const chosen = file.prompts.map((prompt, i) => ({ prompt, i })).filter(({ prompt }) => matches(prompt, set.where));
  if (chosen.length === 0) {
    const values = Object.keys(set.where ?? {}).map((field) => {
      const found = [...new Set(file.prompts.map((prompt) => text(fieldOf(prompt, field)) ?? "nothing"))];
      return `${field} is ${found.slice(0, 12).join(", ")}${found.length > 12 ? ", ..." : ""}`;
    });
    throw refused(
      `prompts.${name}: none of the ${file.prompts.length} prompts of ${file.path} match its filter${values.length > 0 ? ` (there, ${values.join("; ")})` : ""}.`,
    );
  }
  const idOf = (prompt: Prompt, i: number) => prompt.id ?? `${name}-${i + 1}`;
  const baseOf = (prompt: Prompt, i: number) => text(prompt.fields.base) ?? idOf(prompt, i);
  const hasSplit = chosen.some(({ prompt }) => prompt.fields.split !== undefined);
  const drawn = hasSplit
    ? null
    : drawSplits(
        chosen.map(({ prompt, i }) => baseOf(prompt, i)),
        seed,
        name,
      );
  const prompts = chosen.map(({ prompt, i }): StudyPrompt => {
    const { fields, messages } = prompt;
    const id = idOf(prompt, i);
    const base = baseOf(prompt, i);
    const split = drawn?.get(base) ?? (fields.split === undefined ? "train" : (text(fields.split) as Split));
    if (!SPLITS.includes(split)) {
      throw refused(`${file.path}: prompt ${id} has split "${split}"; expected one of ${SPLITS.join(", ")}.`);
    }
    const ledger = model.tokenizer.ledger(messages, { date });
    if (ledger.bosCount > 1) {
      throw refused(
        `${file.path}: prompt ${id} starts with ${ledger.bosCount} beginning-of-sequence tokens, expected at most one.`,
      );
    }
    const label = text(fields.label);
    const conditions = typeof fields.conditions === "object" && fields.conditions !== null ? fields.conditions : {};
    return {
      id,
      set: name,
      text: lastUserText(messages),
      messages: messages.map(({ role, text: content }) => ({ role, content })),
      ids: ledger.ids,
      lastInstruction: ledger.lastInstruction ?? ledger.ids.length - 1,
      category: text(fields.category),
      split,
      base,
      harmful: harmfulOf(set, label),
      conditions: Object.fromEntries(Object.entries(conditions).map(([key, value]) => [key, text(value) ?? ""])),
      label,
      fields: Object.fromEntries(Object.entries(fields).filter(([key]) => !KNOWN.has(key))),
    };
  });
  return set.limit === undefined ? prompts : limited(prompts, set.limit, seed, name);
}

/** At most `limit` prompts of each split, bases whole, drawn with the seed, in the file's order. */
function limited(prompts: readonly StudyPrompt[], limit: number, seed: number, name: string): StudyPrompt[] {
  const kept = new Set<string>();
  for (const split of SPLITS) {
    const bases = Map.groupBy(
      prompts.filter((prompt) => prompt.split === split),
      ({ base }) => base,
    );
    let count = 0;
    for (const base of shuffle([...bases.keys()], seeded(seed, `limit/${name}/${split}`))) {
      const size = bases.get(base)?.length ?? 0;
      if (count + size > limit) continue;
      count += size;
      kept.add(base);
    }
  }
  return prompts.filter(({ base }) => kept.has(base));
}

export function promptPath(specFolder: string, set: PromptSetSpec): string {
  return resolve(specFolder, set.file);
}

/** Token positions after the user's text, negative from the end, -1 first; those that every prompt has, at most eight. */
export function templatePositions(prompts: readonly StudyPrompt[]): number[] {
  const after = Math.min(8, ...prompts.map(({ ids, lastInstruction }) => ids.length - 1 - lastInstruction));
  return Array.from({ length: Math.max(1, after) }, (_, i) => -1 - i);
}
