import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type {
  Dictionary,
  DictionaryActivation,
  DictionaryFormat,
  StoredTensor,
} from "../../shared/plugin/dictionary-format.ts";
import { readSafetensorsHeader, type SafetensorsHeader, safetensorsEntry } from "../files/safetensors.ts";

const WEIGHTS = "sae_weights.safetensors";

/** Keys of cfg.json that say nothing about what the dictionary computes. */
const SILENT = new Set([
  "architecture",
  "d_in",
  "d_sae",
  "dtype",
  "device",
  "metadata",
  "hook_name",
  "hook_layer",
  "hook_point",
  "hook_point_layer",
  "hook_head_index",
  "apply_b_dec_to_input",
  "normalize_activations",
  "reshape_activations",
  "activation_fn",
  "activation_fn_str",
  "activation_fn_kwargs",
  "finetuning_scaling_factor",
  "model_name",
  "model_from_pretrained_kwargs",
  "model_kwargs",
  "dataset_path",
  "dataset_trust_remote_code",
  "context_size",
  "prepend_bos",
  "neuronpedia_id",
  "sae_lens_training_version",
  "sae_lens_version",
  "sae_training_version",
  "seqpos_slice",
]);

type Config = Record<string, unknown>;

/**
 * SAELens folders (`cfg.json` and `sae_weights.safetensors`), architectures standard and jumprelu without normalisation.
 * Source: https://github.com/decoderesearch/SAELens, sae_lens/saes/sae.py, standard_sae.py and jumprelu_sae.py (6.x).
 */
export const saeLens: DictionaryFormat = {
  id: "saelens",
  label: "SAELens",

  async recognise(path) {
    const folder = folderOf(path);
    const config = await readFile(join(folder, "cfg.json"), "utf8").catch(() => null);
    if (config === null) return false;
    const header = await readSafetensorsHeader(join(folder, WEIGHTS)).catch(() => null);
    return header !== null || /"(d_sae|hook_name|apply_b_dec_to_input)"/.test(config);
  },

  async open(path) {
    const folder = folderOf(path);
    const file = join(folder, "cfg.json");
    const config = parseConfig(file, await readFile(file, "utf8"));
    const header = await readSafetensorsHeader(join(folder, WEIGHTS));
    return [describe(folder, file, config, header)];
  },
};

function folderOf(path: string): string {
  return ["cfg.json", WEIGHTS].includes(basename(path)) ? dirname(path) : path;
}

function parseConfig(file: string, text: string): Config {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Config;
  } catch (cause) {
    throw refused(`${file}: is not JSON: ${(cause as Error).message}`, cause);
  }
  throw refused(`${file}: expected a JSON object`);
}

function describe(folder: string, file: string, config: Config, header: SafetensorsHeader): Dictionary {
  const dIn = count(file, config, "d_in");
  const features = count(file, config, "d_sae");
  refuseUnknownComputation(file, config);
  const activation = activationOf(file, config, header, features);
  const metadata = typeof config.metadata === "object" && config.metadata !== null ? (config.metadata as Config) : {};
  const at = hookPointOf(file, config, metadata);
  const model = metadata.model_name ?? config.model_name;
  return {
    format: "saelens",
    path: folder,
    reads: at,
    writes: at,
    dIn,
    dOut: dIn,
    features,
    W_enc: tensor(header, "W_enc", [dIn, features]),
    encoderTransposed: false,
    b_enc: tensor(header, "b_enc", [features]),
    W_dec: tensor(header, "W_dec", [features, dIn]),
    decoderTransposed: false,
    b_dec: tensor(header, "b_dec", [dIn]),
    subtractDecoderBias: config.apply_b_dec_to_input !== false,
    activation,
    normalisation: { kind: "none" },
    rescaleByDecoderNorm: false,
    declared: { model: typeof model === "string" ? model : null, fvu: null, l0: null },
    warnings: Object.keys(config)
      .filter((key) => !SILENT.has(key))
      .map((key) => `${file}: the key "${key}" is not understood and was left out of account`),
  };
}

function count(file: string, config: Config, key: string): number {
  const value = config[key];
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw refused(`${file}: ${key}: expected a whole number above 0, found ${JSON.stringify(value)}`);
  }
  return value as number;
}

/** Settings that change what is computed and that a slot row cannot follow: refused, never run as if they were absent. */
function refuseUnknownComputation(file: string, config: Config): void {
  const normalise = config.normalize_activations ?? "none";
  if (normalise === "expected_average_only_in") {
    throw refused(
      `${file}: normalize_activations is "expected_average_only_in", but the files hold no scale factor: fold it with SAELens (fold_activation_norm_scaling_factor) and save again, or state it`,
    );
  }
  if (normalise !== "none") {
    throw refused(`${file}: normalize_activations: expected "none", found ${JSON.stringify(normalise)}`);
  }
  const reshape = config.reshape_activations ?? "none";
  if (reshape !== "none")
    throw refused(`${file}: reshape_activations: expected "none", found ${JSON.stringify(reshape)}`);
  if (config.finetuning_scaling_factor === true) {
    throw refused(`${file}: finetuning_scaling_factor: expected false, found true: fold it into W_dec and save again`);
  }
  const fn = config.activation_fn_str ?? config.activation_fn ?? "relu";
  if (fn !== "relu") throw refused(`${file}: activation_fn_str: expected "relu", found ${JSON.stringify(fn)}`);
}

function activationOf(file: string, config: Config, header: SafetensorsHeader, features: number): DictionaryActivation {
  const architecture = config.architecture ?? "standard";
  if (architecture === "standard") {
    if (header.entries.has("threshold")) {
      throw refused(`${file}: architecture is "standard", but ${header.path} holds a threshold, as jumprelu does`);
    }
    return { kind: "relu" };
  }
  if (architecture === "jumprelu") return { kind: "jumprelu", threshold: tensor(header, "threshold", [features]) };
  throw refused(`${file}: architecture: expected "standard" or "jumprelu", found ${JSON.stringify(architecture)}`);
}

function hookPointOf(file: string, config: Config, metadata: Config): HookPoint {
  const name = metadata.hook_name ?? config.hook_name ?? config.hook_point;
  const match = typeof name === "string" ? /^blocks\.(\d+)\.hook_(resid_pre|resid_mid|resid_post)$/.exec(name) : null;
  if (match === null) {
    throw refused(
      `${file}: hook_name: expected blocks.L.hook_resid_pre, hook_resid_mid or hook_resid_post, found ${JSON.stringify(name)}`,
    );
  }
  return hookPoint(match[2] as "resid_pre" | "resid_mid" | "resid_post", Number(match[1]));
}

function tensor(header: SafetensorsHeader, name: string, shape: number[]): StoredTensor {
  const entry = safetensorsEntry(header, name);
  if (entry.dtype !== "F32" && entry.dtype !== "F16" && entry.dtype !== "BF16") {
    throw refused(`${header.path}: tensor "${name}" is ${entry.dtype}, expected F32, F16 or BF16`);
  }
  if (entry.shape.join() !== shape.join()) {
    throw refused(
      `${header.path}: tensor "${name}" has shape [${entry.shape.join(", ")}], expected [${shape.join(", ")}]`,
    );
  }
  return { file: header.path, offset: entry.offset, length: entry.length, dtype: entry.dtype, shape: entry.shape };
}
