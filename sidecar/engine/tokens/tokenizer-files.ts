import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RefractError, refused } from "../../../shared/errors.ts";
import type { AddedToken } from "./added-tokens.ts";
import type { ModelConfig } from "./model-tokens.ts";
import type { NormaliserConfig } from "./normalise.ts";
import type { PostProcessorConfig } from "./post-process.ts";
import type { PreTokeniserConfig } from "./pre-tokenise.ts";

/** `tokenizer.json`. */
export interface TokenizerJson {
  added_tokens: AddedToken[];
  normalizer: NormaliserConfig | null;
  pre_tokenizer: PreTokeniserConfig | null;
  post_processor: PostProcessorConfig | null;
  decoder: { type: string } | null;
  model: ModelConfig;
}

/** What a model's folder says about its text. */
export interface TokenizerFiles {
  /** Path of `tokenizer.json`, for messages. */
  file: string;
  tokenizer: TokenizerJson;
  /** `tokenizer_config.json`; empty where there is none. */
  config: Record<string, unknown>;
  /** By role (`bos_token`, ...): the token's text. */
  specialTokens: Record<string, string>;
  /** Chat templates by name; one without a name is `default`. */
  templates: Map<string, ChatTemplateSource>;
}

export interface ChatTemplateSource {
  source: string;
  file: string;
}

const SPECIAL = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;

/** Reads the tokenizer's files from a model's folder, or from the folder of an `.onnx` file (or the one above it). */
export async function readTokenizerFiles(model: string): Promise<TokenizerFiles> {
  const folder = await tokenizerFolder(model);
  const file = join(folder, "tokenizer.json");
  const tokenizer = asTokenizerJson(await readJson(file), file);
  const config = (await readJsonIfThere(join(folder, "tokenizer_config.json"))) ?? {};
  const map = (await readJsonIfThere(join(folder, "special_tokens_map.json"))) ?? {};
  const specialTokens: Record<string, string> = {};
  for (const name of SPECIAL) {
    const text = tokenText(config[name]) ?? tokenText(map[name]);
    if (text !== null) specialTokens[name] = text;
  }
  return { file, tokenizer, config, specialTokens, templates: await readTemplates(folder, config) };
}

async function tokenizerFolder(model: string): Promise<string> {
  const isGraph = model.endsWith(".onnx");
  const start = isGraph ? dirname(model) : model;
  const above = isGraph || basename(start) === "onnx" ? [dirname(start)] : [];
  const below = (await listFolder(start)).includes("onnx") ? [join(start, "onnx")] : [];
  const candidates = [start, ...above, ...below];
  const listings: string[] = [];
  for (const folder of candidates) {
    const names = await listFolder(folder);
    if (names.includes("tokenizer.json")) return folder;
    listings.push(...names);
  }
  const hint = listings.includes("tokenizer.model")
    ? " It has a tokenizer.model: save it once with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)) to get tokenizer.json."
    : listings.includes("vocab.json") || listings.includes("vocab.txt")
      ? " It has only a slow tokenizer's vocabulary: save it once with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)) to get tokenizer.json."
      : "";
  throw refused(
    `${start}: no tokenizer.json, which is needed where text is read or shown.${hint} Copy the tokenizer's files beside the model, or give token ids (--ids).`,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw refused(`${folder}: the model's folder cannot be read.`, cause);
  }
}

async function readText(file: string): Promise<string> {
  return (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(file));
  } catch (cause) {
    throw refused(`${file}: not readable as JSON (${cause instanceof Error ? cause.message : String(cause)}).`, cause);
  }
}

async function readJsonIfThere(file: string): Promise<Record<string, unknown> | null> {
  if (!(await listFolder(dirname(file))).includes(basename(file))) return null;
  const json = await readJson(file);
  if (!isRecord(json)) throw refused(`${file}: expected an object, found ${describe(json)}.`);
  return json;
}

function asTokenizerJson(json: unknown, file: string): TokenizerJson {
  if (!isRecord(json)) throw refused(`${file}: expected a tokenizer's object, found ${describe(json)}.`);
  const { model } = json;
  if (!isRecord(model)) throw refused(`${file}: "model" is missing; expected a tokenizer's vocabulary.`);
  if (model.vocab === undefined) throw refused(`${file}: "model.vocab" is missing; the file seems cut off or foreign.`);
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw refused(`${file}: "added_tokens" is ${describe(added)}; expected a list.`);
  return {
    added_tokens: added.map((token, index) => asAddedToken(token, `${file}: "added_tokens[${index}]"`)),
    normalizer: (json.normalizer ?? null) as NormaliserConfig | null,
    pre_tokenizer: (json.pre_tokenizer ?? null) as PreTokeniserConfig | null,
    post_processor: (json.post_processor ?? null) as PostProcessorConfig | null,
    decoder: (json.decoder ?? null) as { type: string } | null,
    model,
  };
}

function asAddedToken(token: unknown, where: string): AddedToken {
  if (!isRecord(token) || typeof token.id !== "number" || typeof token.content !== "string") {
    throw refused(`${where} is ${describe(token)}; expected an "id" and a "content".`);
  }
  const special = token.special === true;
  return {
    id: token.id,
    content: token.content,
    special,
    single_word: token.single_word === true,
    lstrip: token.lstrip === true,
    rstrip: token.rstrip === true,
    normalized: typeof token.normalized === "boolean" ? token.normalized : !special,
  };
}

/** As transformers reads them: template files before `tokenizer_config.json`, whose entry may be one template or a list of named ones. */
async function readTemplates(
  folder: string,
  config: Record<string, unknown>,
): Promise<Map<string, ChatTemplateSource>> {
  const templates = new Map<string, ChatTemplateSource>();
  const names = await listFolder(folder);
  if (names.includes("chat_template.jinja")) {
    const file = join(folder, "chat_template.jinja");
    templates.set("default", { source: await readText(file), file });
  }
  if (names.includes("additional_chat_templates")) {
    const more = join(folder, "additional_chat_templates");
    for (const name of (await listFolder(more)).filter((entry) => entry.endsWith(".jinja")).sort()) {
      templates.set(name.slice(0, -".jinja".length), {
        source: await readText(join(more, name)),
        file: join(more, name),
      });
    }
  }
  if (templates.size > 0) return templates;
  const file = join(folder, "tokenizer_config.json");
  addTemplates(templates, config.chat_template, file);
  if (templates.size === 0 && names.includes("chat_template.json")) {
    const legacy = join(folder, "chat_template.json");
    addTemplates(templates, (await readJsonIfThere(legacy))?.chat_template, legacy);
  }
  return templates;
}

function addTemplates(templates: Map<string, ChatTemplateSource>, entry: unknown, file: string): void {
  if (entry === undefined || entry === null) return;
  if (typeof entry === "string") {
    templates.set("default", { source: entry, file });
    return;
  }
  const named = Array.isArray(entry)
    ? entry
    : isRecord(entry)
      ? Object.entries(entry).map(([name, template]) => ({ name, template }))
      : null;
  if (named === null) {
    throw new RefractError(
      "refused",
      `${file}: "chat_template" is ${describe(entry)}; expected a template or a list of named ones.`,
    );
  }
  for (const item of named) {
    if (!isRecord(item) || typeof item.name !== "string" || typeof item.template !== "string") {
      throw refused(`${file}: an entry of "chat_template" is ${describe(item)}; expected a "name" and a "template".`);
    }
    templates.set(item.name, { source: item.template, file });
  }
}

function tokenText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return isRecord(value) && typeof value.content === "string" ? value.content : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : JSON.stringify(value).slice(0, 60);
}
