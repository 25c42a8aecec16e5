import type { HookPoint } from "../engine/hook-point.ts";

/** A tensor inside a file, not yet read: what ONNX Runtime can map as external data. */
export interface StoredTensor {
  file: string;
  /** Byte offset and length in `file`. */
  offset: number;
  length: number;
  dtype: "F32" | "F16" | "BF16";
  shape: number[];
}

export type DictionaryActivation =
  | { kind: "relu" }
  /** One threshold a feature, or one number for all. */
  | { kind: "jumprelu"; threshold: StoredTensor | number }
  | { kind: "topk"; k: number }
  /** BatchTopK as it is used at inference: one threshold, learned in training. */
  | { kind: "batchtopk"; k: number; threshold: number }
  /** With y = x̂·W_enc: active where y + b_gate > 0, and then exp(r_mag)·y + b_mag where that is positive. */
  | { kind: "gated"; gate: { b_gate: StoredTensor; r_mag: StoredTensor; b_mag: StoredTensor } };

/**
 * - `scale`: x is multiplied by `factor` before and the reconstruction divided by it after.
 * - `constant-norm`: the same with the factor sqrt(dIn)/‖x‖ of each x.
 * - `layer-norm`: x̂ = (x - mean)/(deviation + 1e-5), with the sample deviation; the reconstruction times the deviation plus the mean.
 */
export type DictionaryNormalisation =
  | { kind: "none" }
  | { kind: "scale"; factor: number }
  | { kind: "constant-norm" }
  | { kind: "layer-norm" };

/**
 * A sparse autoencoder or transcoder as its file describes it, conventions made explicit:
 * `x̂ = normalise(x) - (subtractDecoderBias ? b_dec : 0)`, `z = x̂·W_enc + b_enc`, `f = act(z)`,
 * `recon = denormalise((f·decoderScale)·W_dec + b_dec) + x·skipᵀ`.
 * Where `rescaleByDecoderNorm`, z is multiplied by the norm of the feature's decoder row before `act`, and f divided by it before W_dec.
 */
export interface Dictionary {
  format: string;
  path: string;
  /** Where it reads and, for a transcoder, where it writes; the same for an autoencoder. */
  reads: HookPoint;
  writes: HookPoint;
  dIn: number;
  dOut: number;
  features: number;
  /** `[dIn, features]`, or its transpose where `encoderTransposed`. */
  W_enc: StoredTensor;
  encoderTransposed: boolean;
  /** `[features]`. */
  b_enc: StoredTensor | null;
  /** `[features, dOut]`, or its transpose where `decoderTransposed`. */
  W_dec: StoredTensor;
  decoderTransposed: boolean;
  /** `[dOut]`. */
  b_dec: StoredTensor | null;
  subtractDecoderBias: boolean;
  activation: DictionaryActivation;
  normalisation: DictionaryNormalisation;
  rescaleByDecoderNorm: boolean;
  /** `[features]`: what activations are multiplied by on their way to the decoder (SAELens's finetuning scaling factor). */
  decoderScale: StoredTensor | null;
  /** `[dOut, dIn]` of a transcoder with a linear skip connection. */
  skip: StoredTensor | null;
  /** What the files declare of themselves, to be compared with what is measured. */
  declared: { model: string | null; fvu: number | null; l0: number | null };
  warnings: string[];
}

/** Opens the dictionaries that a family of tools writes, recognised by content. */
export interface DictionaryFormat {
  id: string;
  label: string;
  /** Whether the file or folder at `path` is of this format. */
  recognise(path: string): Promise<boolean>;
  /** Every dictionary at `path`: one, or a suite with one per hook point. Refuses torn, mis-shaped or unknown content by name. */
  open(path: string): Promise<Dictionary[]>;
}
