import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type HookPoint, hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { type ConfigFile, readConfig, text } from "./config-file.ts";
import { safetensorsWeights, tensor } from "./weights.ts";

const FILE = "params.safetensors";

/**
 * Gemma Scope 2: `resid_post/layer_N_width_W_l0_*` with `params.safetensors` (lower-case names) and `config.json`. JumpReLU, b_dec not
 * subtracted from the input. Source: https://huggingface.co/google/gemma-scope-2 and SAELens's gemma_3_sae_huggingface_loader.
 */
export const gemmaScope2: DictionaryFormat = {
  id: "gemma-scope-2",
  label: "Gemma Scope 2",

  async recognise(path) {
    return (await stat(join(folderOf(path), FILE)).catch(() => null))?.isFile() === true;
  },

  async open(path) {
    const folder = folderOf(path);
    const config = (await stat(join(folder, "config.json")).catch(() => null))
      ? await readConfig(join(folder, "config.json"))
      : { path: join(folder, "config.json"), values: {} };
    return [await describe(folder, config)];
  },
};

function folderOf(path: string): string {
  return [FILE, "config.json"].includes(basename(path)) ? dirname(path) : path;
}

async function describe(folder: string, config: ConfigFile): Promise<Dictionary> {
  const weights = await safetensorsWeights(join(folder, FILE));
  const [dIn = 0, features = 0] = weights.get("w_enc").shape;
  const architecture = text(config, "architecture") ?? "jump_relu";
  if (!/^jump_?relu$/i.test(architecture)) {
    throw refused(`${config.path}: architecture: expected "jump_relu", found ${JSON.stringify(architecture)}`);
  }
  const at = placeOf(folder, config);
  const l0 = config.values.l0;
  return {
    format: "gemma-scope-2",
    path: folder,
    reads: at,
    writes: at,
    dIn,
    dOut: dIn,
    features,
    W_enc: tensor(weights, "w_enc", [dIn, features]),
    encoderTransposed: false,
    b_enc: tensor(weights, "b_enc", [features]),
    W_dec: tensor(weights, "w_dec", [features, dIn]),
    decoderTransposed: false,
    b_dec: tensor(weights, "b_dec", [dIn]),
    subtractDecoderBias: false,
    activation: { kind: "jumprelu", threshold: tensor(weights, "threshold", [features]) },
    normalisation: { kind: "none" },
    rescaleByDecoderNorm: false,
    decoderScale: null,
    skip: null,
    declared: { model: text(config, "model_name"), fvu: null, l0: typeof l0 === "number" ? l0 : null },
    warnings: [],
  };
}

/** `hf_hook_point_in` is a module's output in transformers' names; without it the folders say where the dictionary reads. */
function placeOf(folder: string, config: ConfigFile): HookPoint {
  const [reads, writes] = [text(config, "hf_hook_point_in"), text(config, "hf_hook_point_out")];
  if (reads !== null) {
    const layer = /^model(?:\.language_model)?\.layers\.(\d+)\.output$/.exec(reads)?.[1];
    if (layer === undefined || (writes !== null && writes !== reads)) {
      throw refused(
        `${config.path}: hf_hook_point_in, hf_hook_point_out: expected model.layers.N.output for both, found ${JSON.stringify(reads)} and ${JSON.stringify(writes)}: other places are not on the residual stream`,
      );
    }
    return hookPoint("resid_post", Number(layer));
  }
  const match = /(?:^|\/)(resid_post)(?:_all)?\/layer_(\d+)_/.exec(`${resolve(folder).replaceAll("\\", "/")}_`);
  if (match === null) {
    throw refused(
      `${folder}: neither hf_hook_point_in in config.json nor folders resid_post/layer_N_width_W_l0_K say where the dictionary reads`,
    );
  }
  return hookPoint("resid_post", Number(match[2]));
}
