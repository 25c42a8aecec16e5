import { basename, dirname, join, resolve } from "node:path";
import { type HookPoint, hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { type ConfigFile, count, flag, readConfig, text, tryConfig, unknownKeys } from "./config-file.ts";
import { optionalTensor, safetensorsWeights, tensor } from "./weights.ts";

const WEIGHTS = "sae.safetensors";
const KNOWN = new Set([
  ...["activation", "expansion_factor", "normalize_decoder", "num_latents", "k", "multi_topk", "skip_connection"],
  ...["transcode", "d_in", "signed"],
]);

/**
 * EleutherAI sparsify: `layers.N/cfg.json` and `sae.safetensors`. TopK of the rectified activations; b_dec is subtracted from the input
 * unless it transcodes. `layers.N` is that block's output: resid_post.N.
 * Source: https://github.com/EleutherAI/sparsify, sparsify/sparse_coder.py. (SAELens's reader subtracts by `normalize_decoder`: not so here.)
 */
export const sparsify: DictionaryFormat = {
  id: "sparsify",
  label: "EleutherAI sparsify",

  async recognise(path) {
    const folder = folderOf(path);
    const config = await tryConfig(join(folder, "cfg.json"));
    return (
      config !== null &&
      "k" in config.values &&
      ("expansion_factor" in config.values || "num_latents" in config.values) &&
      !("d_sae" in config.values)
    );
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
  const d = count(config, "d_in");
  const features = config.values.num_latents ? count(config, "num_latents") : d * count(config, "expansion_factor");
  const k = count(config, "k");
  if (k > features) throw refused(`${config.path}: k: expected at most ${features} features, found ${k}`);
  const activation = text(config, "activation") ?? "topk";
  if (activation !== "topk") {
    throw refused(`${config.path}: activation: expected "topk", found ${JSON.stringify(activation)}`);
  }
  if (flag(config, "signed", false)) throw refused(`${config.path}: signed: expected false, found true`);
  const transcode = flag(config, "transcode", false);
  const at = placeOf(folder, transcode);
  return {
    format: "sparsify",
    path: folder,
    reads: at.reads,
    writes: at.writes,
    dIn: d,
    dOut: d,
    features,
    W_enc: tensor(weights, "encoder.weight", [features, d]),
    encoderTransposed: true,
    b_enc: tensor(weights, "encoder.bias", [features]),
    W_dec: tensor(weights, "W_dec", [features, d]),
    decoderTransposed: false,
    b_dec: tensor(weights, "b_dec", [d]),
    subtractDecoderBias: !transcode,
    activation: { kind: "topk", k },
    normalisation: { kind: "none" },
    rescaleByDecoderNorm: false,
    decoderScale: null,
    skip: flag(config, "skip_connection", false) ? optionalTensor(weights, "W_skip", [d, d]) : null,
    declared: { model: await modelOf(folder), fvu: null, l0: k },
    warnings: unknownKeys(config, KNOWN),
  };
}

/** A folder is named after the module whose output was read; a transcoder's module of a whole layer maps resid_pre to resid_post. */
function placeOf(folder: string, transcode: boolean): { reads: HookPoint; writes: HookPoint } {
  const name = basename(resolve(folder));
  if (name === "embed_tokens") return { reads: "resid_pre.0", writes: "resid_pre.0" };
  const layer = /^(?:.*\.)?(?:layers|h)[._](\d+)$/.exec(name)?.[1];
  if (layer === undefined) {
    throw refused(
      `${folder}: expected a folder named after a layer (layers.N, h.N or embed_tokens), which says where the dictionary reads, found "${name}"`,
    );
  }
  const writes = hookPoint("resid_post", Number(layer));
  return { reads: transcode ? hookPoint("resid_pre", Number(layer)) : writes, writes };
}

/** The training run's own config.json, one folder up, names the model. */
async function modelOf(folder: string): Promise<string | null> {
  const config = await tryConfig(join(dirname(resolve(folder)), "config.json"));
  return config === null ? null : text(config, "model");
}
