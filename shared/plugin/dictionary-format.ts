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
  | { kind: "jumprelu"; threshold: StoredTensor }
  | { kind: "topk"; k: number }
  /** BatchTopK as it is used at inference: a threshold where the file has one, else the k largest of the batch's mean. */
  | { kind: "batchtopk"; k: number; threshold: number | null }
  | { kind: "gated"; gate: { b_gate: StoredTensor; r_mag: StoredTensor; b_mag: StoredTensor } };

/**
 * A sparse autoencoder or transcoder as its file describes it, conventions made explicit:
 * `f = act(normalise(x - (subtractDecoderBias ? b_dec : 0)) · W_enc + b_enc)`, `recon = denormalise(f · W_dec + b_dec)`.
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
  /** `scale`: x is multiplied by `factor` before and the reconstruction divided by it after; `layer-norm`: mean and deviation of each x. */
  normalisation: { kind: "none" } | { kind: "scale"; factor: number } | { kind: "layer-norm" };
  /** Activations are ranked by activation times the decoder row's norm (TopK kinds). */
  rescaleByDecoderNorm: boolean;
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
