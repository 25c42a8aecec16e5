import { basename, dirname, join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryActivation, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { type ConfigFile, count, flag, number, part, positive, readConfig, text, tryConfig } from "./config-file.ts";
import { hookPointOf } from "./hook-name.ts";
import { safetensorsWeights, tensor } from "./weights.ts";

const CONFIG = "hyperparams.json";

/**
 * Llama Scope: `hyperparams.json` and `checkpoints/final.safetensors`. The input is scaled by sqrt(d)/average norm; the one threshold of
 * all features is kept in the unscaled measure, so it is scaled too, as SAELens does.
 * Source: https://huggingface.co/fnlp/Llama-Scope and SAELens's llama_scope_sae_huggingface_loader.
 */
export const llamaScope: DictionaryFormat = {
  id: "llama-scope",
  label: "Llama Scope",

  async recognise(path) {
    const config = await tryConfig(join(folderOf(path), CONFIG));
    return config !== null && "hook_point_in" in config.values;
  },

  async open(path) {
    const folder = folderOf(path);
    return [await describe(folder, await readConfig(join(folder, CONFIG)))];
  },
};

function folderOf(path: string): string {
  if (basename(path) === CONFIG) return dirname(path);
  return path.endsWith(".safetensors") ? dirname(dirname(path)) : path;
}

async function describe(folder: string, config: ConfigFile): Promise<Dictionary> {
  const weights = await safetensorsWeights(join(folder, "checkpoints", "final.safetensors"));
  const d = count(config, "d_model");
  const features = config.values.d_sae === undefined ? d * count(config, "expansion_factor") : count(config, "d_sae");
  const reads = hookPointOf(config.values.hook_point_in, `${config.path}: hook_point_in`);
  const writes = hookPointOf(
    config.values.hook_point_out ?? config.values.hook_point_in,
    `${config.path}: hook_point_out`,
  );
  const norms = part(config, "dataset_average_activation_norm");
  const kind = text(config, "norm_activation") ?? "dataset-wise";
  if (kind !== "dataset-wise") {
    throw refused(`${config.path}: norm_activation: expected "dataset-wise", found ${JSON.stringify(kind)}`);
  }
  if (flag(config, "apply_decoder_bias_to_pre_encoder", false)) {
    throw refused(`${config.path}: apply_decoder_bias_to_pre_encoder: expected false, found true`);
  }
  const factor = Math.sqrt(d) / positive(norms, "in");
  const out = "out" in norms.values ? Math.sqrt(d) / positive(norms, "out") : factor;
  if (reads !== writes && Math.abs(out - factor) > 1e-6 * factor) {
    throw refused(
      `${config.path}: dataset_average_activation_norm: in and out differ; transcoders of that kind are not read`,
    );
  }
  const biased = flag(config, "use_decoder_bias", true);
  return {
    format: "llama-scope",
    path: folder,
    reads,
    writes,
    dIn: d,
    dOut: d,
    features,
    W_enc: tensor(weights, "encoder.weight", [features, d]),
    encoderTransposed: true,
    b_enc: tensor(weights, "encoder.bias", [features]),
    W_dec: tensor(weights, "decoder.weight", [d, features]),
    decoderTransposed: true,
    b_dec: biased ? tensor(weights, "decoder.bias", [d]) : null,
    subtractDecoderBias: false,
    activation: activationOf(config, factor),
    normalisation: { kind: "scale", factor },
    rescaleByDecoderNorm: false,
    decoderScale: null,
    skip: null,
    declared: { model: text(config, "model_name"), fvu: null, l0: null },
    warnings: [],
  };
}

function activationOf(config: ConfigFile, factor: number): DictionaryActivation {
  const fn = text(config, "act_fn") ?? "jumprelu";
  switch (fn.toLowerCase()) {
    case "jumprelu":
      return { kind: "jumprelu", threshold: number(config, "jump_relu_threshold") * factor };
    case "topk":
      return { kind: "topk", k: count(config, "top_k") };
    case "relu":
      return { kind: "relu" };
    default:
      throw refused(`${config.path}: act_fn: expected jumprelu, topk or relu, found ${JSON.stringify(fn)}`);
  }
}
