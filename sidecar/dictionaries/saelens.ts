import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type {
  Dictionary,
  DictionaryActivation,
  DictionaryFormat,
  DictionaryNormalisation,
} from "../../shared/plugin/dictionary-format.ts";
import { readSafetensorsFloats, readSafetensorsHeader } from "../files/safetensors.ts";
import {
  type ConfigFile,
  count,
  flag,
  number,
  part,
  positive,
  readConfig,
  text,
  tryConfig,
  unknownKeys,
} from "./config-file.ts";
import { hookPointOf } from "./hook-name.ts";
import { readStored } from "./stored-tensor.ts";
import { optionalTensor, safetensorsWeights, tensor, type Weights } from "./weights.ts";

const WEIGHTS = "sae_weights.safetensors";
const SCALER = "activation_scaler.json";

/** Keys of cfg.json that are read here, or that say nothing about what the dictionary computes (how it was trained and on what). */
const KNOWN = new Set([
  ...["architecture", "d_in", "d_out", "d_sae", "dtype", "device", "metadata", "k", "reshape_activations"],
  ...[
    "hook_name",
    "hook_layer",
    "hook_point",
    "hook_point_layer",
    "hook_head_index",
    "hook_name_out",
    "hook_layer_out",
  ],
  ...["hook_head_index_out", "apply_b_dec_to_input", "normalize_activations", "activation_fn", "activation_fn_str"],
  ...[
    "activation_fn_kwargs",
    "finetuning_scaling_factor",
    "rescale_acts_by_decoder_norm",
    "model_name",
    "model_kwargs",
  ],
  ...["model_from_pretrained_kwargs", "model_class_name", "dataset_path", "dataset_trust_remote_code", "context_size"],
  ...["prepend_bos", "neuronpedia_id", "sae_lens_training_version", "sae_lens_version", "sae_training_version"],
  ...["seqpos_slice", "exclude_special_tokens", "aux_loss_coefficient", "use_sparse_activations", "decoder_init_norm"],
  ...["topk_threshold_lr", "matryoshka_widths", "l1_coefficient", "lp_norm", "l1_warm_up_steps", "l0_coefficient"],
  ...["l0_warm_up_steps", "jumprelu_init_threshold", "jumprelu_bandwidth", "pre_act_loss_coefficient"],
  ...["jumprelu_sparsity_loss_mode", "jumprelu_tanh_scale", "mse_loss_normalization", "noise_scale"],
  ...["use_matryoshka_aux_loss"],
]);

const TRANSCODERS = new Set(["transcoder", "skip_transcoder", "jumprelu_transcoder", "jumprelu_skip_transcoder"]);

/**
 * SAELens folders: `cfg.json` and `sae_weights.safetensors`. Architectures standard, gated, jumprelu, topk, batchtopk, matryoshka_batchtopk
 * and the transcoders between two places of the residual stream.
 * Source: https://github.com/decoderesearch/SAELens, sae_lens/saes/ (6.54) and loading/pretrained_sae_loaders.py for older files.
 */
export const saeLens: DictionaryFormat = {
  id: "saelens",
  label: "SAELens",

  async recognise(path) {
    const folder = folderOf(path);
    const config = await tryConfig(join(folder, "cfg.json"));
    if (config === null) return false;
    const weights = await stat(join(folder, WEIGHTS)).catch(() => null);
    return weights !== null || ["d_sae", "hook_name", "apply_b_dec_to_input"].some((key) => key in config.values);
  },

  async open(path) {
    const folder = folderOf(path);
    return [await describe(folder, await readConfig(join(folder, "cfg.json")))];
  },
};

function folderOf(path: string): string {
  return ["cfg.json", WEIGHTS].includes(basename(path)) ? dirname(path) : path;
}

async function describe(folder: string, config: ConfigFile): Promise<Dictionary> {
  const weights = await safetensorsWeights(join(folder, WEIGHTS));
  const dIn = count(config, "d_in");
  const features = count(config, "d_sae");
  const architecture = architectureOf(config);
  const transcodes = TRANSCODERS.has(architecture);
  const dOut = transcodes ? count(config, "d_out") : dIn;
  const metadata = part(config, "metadata");
  const named = (key: string): unknown => metadata.values[key] ?? config.values[key];
  const reads = hookPointOf(named("hook_name") ?? config.values.hook_point, `${config.path}: hook_name`);
  const reshape = config.values.reshape_activations ?? "none";
  if (reshape !== "none") {
    throw refused(`${config.path}: reshape_activations: expected "none", found ${JSON.stringify(reshape)}`);
  }
  const rescale = ["topk", "batchtopk", "matryoshka_batchtopk"].includes(architecture)
    ? flag(config, "rescale_acts_by_decoder_norm", false)
    : false;
  return {
    format: "saelens",
    path: folder,
    reads,
    writes: transcodes ? hookPointOf(named("hook_name_out"), `${config.path}: hook_name_out`) : reads,
    dIn,
    dOut,
    features,
    W_enc: tensor(weights, "W_enc", [dIn, features]),
    encoderTransposed: false,
    b_enc: architecture === "gated" ? null : tensor(weights, "b_enc", [features]),
    W_dec: tensor(weights, "W_dec", [features, dOut]),
    decoderTransposed: false,
    b_dec: tensor(weights, "b_dec", [dOut]),
    subtractDecoderBias: !transcodes && flag(config, "apply_b_dec_to_input", true),
    activation: await activationOf(architecture, config, weights, features),
    normalisation: await normalisationOf(folder, config),
    rescaleByDecoderNorm: rescale,
    decoderScale: await finetuningScale(config, weights, features),
    skip: architecture.includes("skip") ? tensor(weights, "W_skip", [dOut, dIn]) : null,
    declared: {
      model: text(metadata, "model_name") ?? text(config, "model_name"),
      fvu: declaredNumber(metadata, "fvu"),
      l0: declaredNumber(metadata, "l0"),
    },
    warnings: unknownKeys(config, KNOWN),
  };
}

/** A figure that whoever trained the dictionary put into its metadata. */
function declaredNumber({ values }: ConfigFile, key: string): number | null {
  const value = values[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Files from before version 6 name TopK by their activation function. */
function architectureOf(config: ConfigFile): string {
  const written = config.values.architecture ?? "standard";
  const fn = config.values.activation_fn_str ?? config.values.activation_fn ?? "relu";
  if (fn === "topk" && written === "standard") return "topk";
  if (fn !== "relu" && fn !== "topk") {
    throw refused(`${config.path}: activation_fn_str: expected "relu" or "topk", found ${JSON.stringify(fn)}`);
  }
  return String(written);
}

async function activationOf(
  architecture: string,
  config: ConfigFile,
  weights: Weights,
  features: number,
): Promise<DictionaryActivation> {
  switch (architecture) {
    case "standard":
    case "transcoder":
    case "skip_transcoder":
      if (weights.names.includes("threshold")) {
        throw refused(
          `${config.path}: architecture is "${architecture}", but ${weights.path} holds a threshold, as jumprelu does`,
        );
      }
      return { kind: "relu" };
    case "jumprelu":
    case "jumprelu_transcoder":
    case "jumprelu_skip_transcoder":
      return { kind: "jumprelu", threshold: tensor(weights, "threshold", [features]) };
    case "gated": {
      const [b_gate, r_mag, b_mag] = ["b_gate", "r_mag", "b_mag"].map((name) => tensor(weights, name, [features]));
      if (!b_gate || !r_mag || !b_mag)
        throw refused(`${weights.path}: a gated dictionary needs b_gate, r_mag and b_mag`);
      return { kind: "gated", gate: { b_gate, r_mag, b_mag } };
    }
    case "topk":
      return {
        kind: "topk",
        k: atMost(config, "k" in config.values ? config : part(config, "activation_fn_kwargs"), features),
      };
    case "batchtopk":
    case "matryoshka_batchtopk":
      return { kind: "batchtopk", k: number(config, "k"), threshold: await batchThreshold(weights) };
    default:
      throw refused(
        `${config.path}: architecture: expected standard, gated, jumprelu, topk, batchtopk, matryoshka_batchtopk or a transcoder, found ${JSON.stringify(architecture)}`,
      );
  }
}

function atMost({ path }: ConfigFile, holder: ConfigFile, features: number): number {
  const k = count(holder, "k");
  if (k > features) throw refused(`${path}: k: expected at most ${features} (d_sae), found ${k}`);
  return k;
}

/** A training checkpoint keeps the threshold that inference uses; saved for inference, the same dictionary is a jumprelu one. */
async function batchThreshold(weights: Weights): Promise<number> {
  const header = await readSafetensorsHeader(weights.path);
  const { data } = await readSafetensorsFloats(header, "topk_threshold");
  const [threshold] = data;
  if (threshold === undefined || !Number.isFinite(threshold)) {
    throw refused(`${weights.path}: tensor "topk_threshold" holds ${threshold}, expected a number`);
  }
  return threshold;
}

async function normalisationOf(folder: string, config: ConfigFile): Promise<DictionaryNormalisation> {
  const written = config.values.normalize_activations ?? "none";
  const kind = written === true ? "expected_average_only_in" : written === false ? "none" : written;
  switch (kind) {
    case "none":
      return { kind: "none" };
    case "layer_norm":
      return { kind: "layer-norm" };
    case "constant_norm_rescale":
      return { kind: "constant-norm" };
    case "expected_average_only_in": {
      const scaler = await tryConfig(join(folder, SCALER));
      if (scaler === null) {
        throw refused(
          `${config.path}: normalize_activations is "expected_average_only_in", but there is no scaling_factor: ${join(folder, SCALER)} is missing. Fold it with SAELens (fold_activation_norm_scaling_factor) and save again, or put {"scaling_factor": ...} there`,
        );
      }
      return { kind: "scale", factor: positive(scaler, "scaling_factor") };
    }
    default:
      throw refused(
        `${config.path}: normalize_activations: expected none, expected_average_only_in, constant_norm_rescale or layer_norm, found ${JSON.stringify(written)}`,
      );
  }
}

/** SAELens wrote a factor of ones for a time, and refuses other ones where cfg.json does not name them. */
async function finetuningScale(config: ConfigFile, weights: Weights, features: number) {
  const name = weights.names.includes("finetuning_scaling_factor") ? "finetuning_scaling_factor" : "scaling_factor";
  const stored = optionalTensor(weights, name, [features]);
  const declared = flag(config, "finetuning_scaling_factor", false);
  if (stored === null) {
    if (declared) {
      throw refused(`${config.path}: finetuning_scaling_factor is true, but ${weights.path} holds no "scaling_factor"`);
    }
    return null;
  }
  const ones = (await readStored(stored)).every((value) => Math.abs(value - 1) <= 1e-5);
  if (ones) return null;
  if (!declared) {
    throw refused(
      `${weights.path}: tensor "${name}" is not all ones, but finetuning_scaling_factor is not true in ${config.path}`,
    );
  }
  return stored;
}
