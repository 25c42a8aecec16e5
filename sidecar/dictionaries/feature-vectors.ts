import { refused } from "../../shared/errors.ts";
import type { Dictionary, StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { dot } from "../statistics/vectors.ts";
import { readStored, readStoredColumn, readStoredRow } from "./stored-tensor.ts";

/**
 * One feature in plain numbers: with x̂ the normalised input (x itself, or x times the dictionary's factor, or what each x's own norm makes
 * of it), `z = x̂·u + b`, `f = z where z > theta, else 0`, and the feature adds `f·v` to the reconstruction of x̂.
 */
export interface FeatureVectors {
  /** `[dIn]`. */
  u: Float32Array;
  b: number;
  theta: number;
  /** `[dOut]`. */
  v: Float32Array;
}

/** The vectors of some features of a dictionary; those alone are read from its file. */
export async function featureVectors(dictionary: Dictionary, features: readonly number[]): Promise<FeatureVectors[]> {
  const outside = features.find((j) => !Number.isSafeInteger(j) || j < 0 || j >= dictionary.features);
  if (outside !== undefined) {
    throw refused(
      `${dictionary.path}: has features 0 to ${dictionary.features - 1}, found feature ${outside} in the edit`,
    );
  }
  const scalars = await readScalars(dictionary);
  const encoder = dictionary.encoderTransposed ? readStoredRow : readStoredColumn;
  const decoder = dictionary.decoderTransposed ? readStoredColumn : readStoredRow;
  const found: FeatureVectors[] = [];
  for (const j of features) {
    found.push(folded(await encoder(dictionary.W_enc, j), await decoder(dictionary.W_dec, j), scalars.of(j)));
  }
  return found;
}

/** The vectors of every feature. */
export async function allFeatureVectors(dictionary: Dictionary): Promise<FeatureVectors[]> {
  const { dIn, dOut, features, encoderTransposed, decoderTransposed } = dictionary;
  const encoder = vectorsOf(await readStored(dictionary.W_enc), dIn, features, !encoderTransposed);
  const decoder = vectorsOf(await readStored(dictionary.W_dec), dOut, features, decoderTransposed);
  const scalars = await readScalars(dictionary);
  return encoder.map((read, j) => folded(read, decoder[j] as Float32Array, scalars.of(j)));
}

/** The decoder's bias, zeros where there is none. */
export function decoderBias(dictionary: Dictionary): Promise<Float32Array> {
  return orZeros(dictionary.b_dec, dictionary.dOut);
}

/** What one feature's numbers are made from, beside its vectors. */
interface Scalars {
  gain: number;
  bias: number;
  theta: number;
  outward: number;
  rescale: boolean;
  /** b_dec where it is subtracted from the input. */
  subtracted: Float32Array | null;
}

async function readScalars(dictionary: Dictionary): Promise<{ of: (feature: number) => Scalars }> {
  const { activation, features, b_enc, b_dec, subtractDecoderBias, decoderScale, rescaleByDecoderNorm } = dictionary;
  const outward = decoderScale === null ? null : await readStored(decoderScale);
  const subtracted = subtractDecoderBias && b_dec !== null ? await readStored(b_dec) : null;
  const common = { rescale: rescaleByDecoderNorm, subtracted };
  if (activation.kind === "gated") {
    const [gate, r, bias] = await Promise.all([
      readStored(activation.gate.b_gate),
      readStored(activation.gate.r_mag),
      readStored(activation.gate.b_mag),
    ]);
    return {
      of(j) {
        const gain = Math.exp(r[j] as number);
        const offset = bias[j] as number;
        // Active where y + b_gate > 0: with z = exp(r)·y + b_mag, where z > b_mag - exp(r)·b_gate.
        const theta = Math.max(0, offset - gain * (gate[j] as number));
        return { ...common, gain, bias: offset, theta, outward: outward?.[j] ?? 1 };
      },
    };
  }
  const biases = await orZeros(b_enc, features);
  const thresholds =
    activation.kind === "jumprelu" && typeof activation.threshold !== "number"
      ? await readStored(activation.threshold)
      : null;
  const one =
    activation.kind === "batchtopk" || activation.kind === "jumprelu"
      ? Number(typeof activation.threshold === "number" ? activation.threshold : 0)
      : 0;
  return {
    of: (j) => ({
      ...common,
      gain: 1,
      bias: biases[j] as number,
      theta: Math.max(0, thresholds?.[j] ?? one),
      outward: outward?.[j] ?? 1,
    }),
  };
}

function folded(read: Float32Array, write: Float32Array, scalars: Scalars): FeatureVectors {
  const norm = scalars.rescale ? Math.hypot(...write) : 1;
  const gain = scalars.gain * norm;
  const outward = scalars.outward / norm;
  const shift = scalars.subtracted === null ? 0 : dot(scalars.subtracted, read);
  return {
    u: gain === 1 ? read : read.map((value) => value * gain),
    // A gated feature's bias is added after its gain, every other one's before.
    b: (scalars.gain === 1 ? scalars.bias * norm : scalars.bias) - gain * shift,
    theta: scalars.theta,
    v: outward === 1 ? write : write.map((value) => value * outward),
  };
}

async function orZeros(tensor: StoredTensor | null, length: number): Promise<Float32Array> {
  return tensor === null ? new Float32Array(length) : readStored(tensor);
}

/** Splits a matrix into its `count` vectors of `width`: rows of `[count, width]`, or the columns of `[width, count]` where transposed. */
function vectorsOf(data: Float32Array, width: number, count: number, transposed: boolean): Float32Array[] {
  if (!transposed) return Array.from({ length: count }, (_, j) => data.subarray(j * width, (j + 1) * width));
  const out = new Float32Array(data.length);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < count; j++) out[j * width + i] = data[i * count + j] as number;
  }
  return vectorsOf(out, width, count, false);
}
