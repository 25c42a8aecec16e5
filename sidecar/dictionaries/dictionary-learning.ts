import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type {
  Dictionary,
  DictionaryActivation,
  DictionaryFormat,
  StoredTensor,
} from "../../shared/plugin/dictionary-format.ts";
import { readTorchTensors, type TorchTensor } from "../files/torch-archive.ts";
import { type ConfigFile, count, part, readConfig, text, tryConfig } from "./config-file.ts";
import { readStored } from "./stored-tensor.ts";

const WEIGHTS = "ae.pt";

interface Matrix {
  stored: StoredTensor;
  transposed: boolean;
}

/**
 * dictionary_learning: `trainer_N/ae.pt` (a PyTorch state dict, read as data) and `config.json`. AutoEncoder, AutoEncoderNew,
 * GatedAutoEncoder, JumpReluAutoEncoder, AutoEncoderTopK, BatchTopKSAE and MatryoshkaBatchTopKSAE, on a layer's output.
 * Source: https://github.com/saprmarks/dictionary_learning, dictionary.py, trainers/top_k.py, batch_top_k.py, matryoshka_batch_top_k.py.
 * AutoEncoder.from_pretrained normalises the decoder and moves its norms into the encoder: so do activations here.
 */
export const dictionaryLearning: DictionaryFormat = {
  id: "dictionary-learning",
  label: "dictionary_learning",

  async recognise(path) {
    const config = await tryConfig(join(folderOf(path), "config.json"));
    return config !== null && "dict_class" in part(config, "trainer").values;
  },

  async open(path) {
    const folder = folderOf(path);
    return [await describe(folder, await readConfig(join(folder, "config.json")))];
  },
};

function folderOf(path: string): string {
  return ["config.json", WEIGHTS].includes(basename(path)) ? dirname(path) : path;
}

async function describe(folder: string, config: ConfigFile): Promise<Dictionary> {
  const file = join(folder, WEIGHTS);
  if ((await stat(file).catch(() => null)) === null) throw refused(`${file}: there is no such file`);
  const tensors = await readTorchTensors(file);
  const trainer = part(config, "trainer");
  const kind = text(trainer, "dict_class") ?? "";
  const names = NAMES[kind];
  if (names === undefined) {
    throw refused(
      `${config.path}: trainer.dict_class: expected one of ${Object.keys(NAMES).join(", ")}, found ${JSON.stringify(kind)}`,
    );
  }
  const d = count(trainer, "activation_dim");
  const features = count(trainer, "dict_size");
  const layer = trainer.values.layer;
  const submodule = text(trainer, "submodule_name");
  if (typeof layer !== "number" || !Number.isSafeInteger(layer) || layer < 0) {
    throw refused(`${config.path}: trainer.layer: expected a layer, found ${JSON.stringify(layer)}`);
  }
  if (submodule !== null && !/resid_post/.test(submodule)) {
    throw refused(
      `${config.path}: trainer.submodule_name: expected a layer's output (resid_post_layer_N), found ${JSON.stringify(submodule)}: other places are not on the residual stream`,
    );
  }
  const at = hookPoint("resid_post", layer);
  const linear = names.linear ? [features, d] : [d, features];
  const encoder = matrix(file, tensors, names.W_enc, linear);
  const decoder = matrix(file, tensors, names.W_dec, [...linear].reverse());
  return {
    format: "dictionary-learning",
    path: folder,
    reads: at,
    writes: at,
    dIn: d,
    dOut: d,
    features,
    W_enc: encoder.stored,
    encoderTransposed: encoder.transposed !== names.linear,
    b_enc: names.b_enc === null ? null : vector(file, tensors, names.b_enc, features),
    W_dec: decoder.stored,
    decoderTransposed: decoder.transposed !== names.linear,
    b_dec: vector(file, tensors, names.b_dec, d),
    subtractDecoderBias: names.subtract,
    activation: await activationOf(kind, file, tensors, trainer, features),
    normalisation: { kind: "none" },
    rescaleByDecoderNorm: kind === "AutoEncoder",
    decoderScale: null,
    skip: null,
    declared: { model: text(trainer, "lm_name"), fvu: null, l0: null },
    warnings: [],
  };
}

interface Names {
  W_enc: string;
  W_dec: string;
  b_enc: string | null;
  b_dec: string;
  /** Whether its matrices are those of torch.nn.Linear, `[out, in]`. */
  linear: boolean;
  subtract: boolean;
}

const LINEAR = {
  W_enc: "encoder.weight",
  W_dec: "decoder.weight",
  b_enc: "encoder.bias",
  linear: true,
  subtract: true,
};
const PLAIN = { W_enc: "W_enc", W_dec: "W_dec", b_enc: "b_enc", b_dec: "b_dec", linear: false };

const NAMES: Record<string, Names> = {
  AutoEncoder: { ...LINEAR, b_dec: "bias" },
  AutoEncoderNew: { ...LINEAR, b_dec: "decoder.bias", subtract: false },
  GatedAutoEncoder: { ...LINEAR, b_enc: null, b_dec: "decoder_bias" },
  AutoEncoderTopK: { ...LINEAR, b_dec: "b_dec" },
  BatchTopKSAE: { ...LINEAR, b_dec: "b_dec" },
  JumpReluAutoEncoder: { ...PLAIN, subtract: false },
  MatryoshkaBatchTopKSAE: { ...PLAIN, subtract: true },
};

async function activationOf(
  kind: string,
  file: string,
  tensors: ReadonlyMap<string, TorchTensor>,
  trainer: ConfigFile,
  features: number,
): Promise<DictionaryActivation> {
  switch (kind) {
    case "GatedAutoEncoder": {
      const one = (name: string) => vector(file, tensors, name, features);
      return { kind: "gated", gate: { b_gate: one("gate_bias"), r_mag: one("r_mag"), b_mag: one("mag_bias") } };
    }
    case "JumpReluAutoEncoder":
      return { kind: "jumprelu", threshold: vector(file, tensors, "threshold", features) };
    case "AutoEncoderTopK":
      return { kind: "topk", k: count(trainer, "k") };
    case "BatchTopKSAE":
    case "MatryoshkaBatchTopKSAE": {
      const [threshold = -1] = await readStored(scalar(file, tensors, "threshold"));
      return { kind: "batchtopk", k: count(trainer, "k"), threshold };
    }
    default:
      return { kind: "relu" };
  }
}

function stored(file: string, tensors: ReadonlyMap<string, TorchTensor>, name: string, shape: number[]): StoredTensor {
  const found = tensors.get(name);
  if (found === undefined) {
    throw refused(`${file}: has no tensor "${name}"; it has ${[...tensors.keys()].join(", ") || "none"}`);
  }
  const { dtype, offset, length } = found;
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw refused(`${file}: tensor "${name}" is ${dtype}, expected F32, F16 or BF16`);
  }
  if (found.shape.join() !== shape.join()) {
    throw refused(`${file}: tensor "${name}" has shape [${found.shape.join(", ")}], expected [${shape.join(", ")}]`);
  }
  return { file, offset, length, dtype, shape };
}

function vector(file: string, tensors: ReadonlyMap<string, TorchTensor>, name: string, length: number): StoredTensor {
  return stored(file, tensors, name, [length]);
}

function scalar(file: string, tensors: ReadonlyMap<string, TorchTensor>, name: string): StoredTensor {
  return stored(file, tensors, name, []);
}

/** A matrix as it lies in memory: PyTorch keeps a transposed one as a view of the original. */
function matrix(file: string, tensors: ReadonlyMap<string, TorchTensor>, name: string, shape: number[]): Matrix {
  const found = stored(file, tensors, name, shape);
  const [rows = 0, columns = 0] = shape;
  const strides = tensors.get(name)?.strides ?? [];
  if (strides[0] === columns && strides[1] === 1) return { stored: found, transposed: false };
  if (strides[0] === 1 && strides[1] === rows)
    return { stored: { ...found, shape: [columns, rows] }, transposed: true };
  throw refused(`${file}: tensor "${name}" has strides [${strides.join(", ")}], expected a whole matrix`);
}
