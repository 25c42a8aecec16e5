import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { refused } from "../../../shared/errors.ts";
import type { ModelLocation } from "./locate-model.ts";

/** What the configuration files beside a graph say; null or undefined where none says it. */
export interface ModelConfiguration {
  /** `model_type`, e.g. `llama`; `unknown` without a configuration. */
  architecture: string;
  /** The file that the counts come from, for messages. */
  source: string | null;
  layers: number | null;
  dModel: number | null;
  vocabSize: number | null;
  headDim: number | null;
  keyValueHeads: number | null;
  contextLength: number | null;
  slidingWindow: number | null;
  endTokens: number[];
}

type Json = Record<string, unknown>;

/** Reads config.json, genai_config.json and generation_config.json. Refuses files that are no JSON objects. */
export function readConfiguration(location: ModelLocation): ModelConfiguration {
  const config = readObject(location, "config.json");
  const genai = readObject(location, "genai_config.json");
  const generation = readObject(location, "generation_config.json");
  const text = config && object(config.json, "text_config");
  const own = config ? { ...config.json, ...text } : {};
  const model = genai ? object(genai.json, "model") : undefined;
  const decoder = object(model, "decoder");
  const number = (name: string, ...others: string[]) => firstNumber(own, [name, ...others]);
  const fromGenai = (name: string) => firstNumber(decoder ?? {}, [name]);
  const dModel = number("hidden_size", "n_embd", "d_model") ?? fromGenai("hidden_size");
  const heads = number("num_attention_heads", "n_head") ?? fromGenai("num_attention_heads");
  const type = typeof own.model_type === "string" ? own.model_type : undefined;
  const genaiType = typeof model?.type === "string" ? model.type : undefined;
  return {
    architecture: type ?? genaiType ?? "unknown",
    source: config?.path ?? genai?.path ?? null,
    layers: number("num_hidden_layers", "n_layer", "num_layers") ?? fromGenai("num_hidden_layers"),
    dModel,
    vocabSize: number("vocab_size") ?? firstNumber(model ?? {}, ["vocab_size"]),
    headDim:
      fromGenai("head_size") ?? number("head_dim") ?? (dModel !== null && heads !== null ? dModel / heads : null),
    keyValueHeads: fromGenai("num_key_value_heads") ?? number("num_key_value_heads") ?? heads,
    contextLength:
      number("max_position_embeddings", "n_positions", "n_ctx", "seq_length") ??
      firstNumber(model ?? {}, ["context_length"]),
    slidingWindow: own.use_sliding_window === false ? null : number("sliding_window"),
    endTokens: endTokens([generation?.json, own, model]),
  };
}

function readObject(location: ModelLocation, name: string): { path: string; json: Json } | undefined {
  const path = location.folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) {
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    throw refused(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, error);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw refused(`${path} should hold a JSON object.`);
  }
  return { path, json: { ...json } };
}

function object(json: Json | undefined, name: string): Json | undefined {
  const value = json?.[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function firstNumber(json: Json, names: readonly string[]): number | null {
  for (const name of names) {
    const value = json[name];
    if (typeof value === "number") {
      return value;
    }
  }
  return null;
}

/** Every end token that any of the files names, the generation's own first. */
function endTokens(files: readonly (Json | undefined)[]): number[] {
  for (const file of files) {
    const value = file?.eos_token_id;
    const ids = (Array.isArray(value) ? value : [value]).filter((id): id is number => typeof id === "number");
    if (ids.length > 0) {
      return ids;
    }
  }
  return [];
}
