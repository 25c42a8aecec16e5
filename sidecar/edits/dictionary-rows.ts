import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits, SlotRow } from "../../shared/engine/slot-row.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { readStored, readStoredColumn, readStoredRow } from "../dictionaries/stored-tensor.ts";
import { dot } from "../statistics/vectors.ts";

/** How one feature is changed: `clamp` sets it, `scale` multiplies it. */
export interface FeatureChange {
  feature: number;
  change: { kind: "clamp"; value: number } | { kind: "scale"; factor: number };
  error: "keep" | "drop";
}

interface Place {
  at: HookPoint;
  positions: Positions;
  edit: number;
}

/**
 * Slot rows for a change of one feature of a standard or JumpReLU dictionary.
 * The error kept: `x + (f' - f) W_dec[feature]`, one row. Dropped: the reconstruction with the changed feature, a row per feature and one
 * for the decoder's bias, in place of the stream.
 */
export async function dictionaryRows(dictionary: Dictionary, wanted: FeatureChange, place: Place): Promise<LaneEdits> {
  if (wanted.feature >= dictionary.features) {
    throw refused(
      `${dictionary.path}: has features 0 to ${dictionary.features - 1}, found feature ${wanted.feature} in the edit`,
    );
  }
  const scale = scaleOf(dictionary);
  return wanted.error === "keep"
    ? { rows: [await keptRow(dictionary, scale, wanted, place)], drops: [] }
    : { rows: await reconstructionRows(dictionary, scale, wanted, place), drops: [place] };
}

function scaleOf(dictionary: Dictionary): number {
  const { normalisation, activation } = dictionary;
  if (normalisation.kind === "layer-norm" || (activation.kind !== "relu" && activation.kind !== "jumprelu")) {
    const what = normalisation.kind === "layer-norm" ? "normalises each input" : `uses ${activation.kind}`;
    throw refused(
      `${dictionary.path}: ${what}, which clamp and scale edits do not follow; they take standard and JumpReLU`,
    );
  }
  return normalisation.kind === "scale" ? normalisation.factor : 1;
}

async function vectorOf(tensor: StoredTensor | null, length: number): Promise<Float32Array> {
  return tensor === null ? new Float32Array(length) : readStored(tensor);
}

async function thresholdsOf({ activation, features }: Dictionary): Promise<Float32Array> {
  return activation.kind === "jumprelu" ? readStored(activation.threshold) : new Float32Array(features);
}

async function keptRow(
  dictionary: Dictionary,
  scale: number,
  { feature, change }: FeatureChange,
  place: Place,
): Promise<SlotRow> {
  const column = dictionary.encoderTransposed ? readStoredRow : readStoredColumn;
  const row = dictionary.decoderTransposed ? readStoredColumn : readStoredRow;
  const u = (await column(dictionary.W_enc, feature)).map((value) => value * scale);
  const v = (await row(dictionary.W_dec, feature)).map((value) => value / scale);
  const encoderBias = await vectorOf(dictionary.b_enc, dictionary.features);
  const decoderBias = await vectorOf(dictionary.b_dec, dictionary.dOut);
  const thresholds = await thresholdsOf(dictionary);
  const shift = dictionary.subtractDecoderBias ? dot(decoderBias, u) : 0;
  const common = { u, v, b: (encoderBias[feature] as number) - shift, theta: thresholds[feature] as number, ...place };
  return change.kind === "clamp" ? { ...common, c: change.value, g: -1 } : { ...common, c: 0, g: change.factor - 1 };
}

async function reconstructionRows(
  dictionary: Dictionary,
  scale: number,
  { feature, change }: FeatureChange,
  place: Place,
): Promise<SlotRow[]> {
  const { dIn, dOut, features } = dictionary;
  const encoder = rowsOf(await readStored(dictionary.W_enc), dIn, features, !dictionary.encoderTransposed);
  const decoder = rowsOf(await readStored(dictionary.W_dec), dOut, features, dictionary.decoderTransposed);
  const encoderBias = await vectorOf(dictionary.b_enc, features);
  const decoderBias = await vectorOf(dictionary.b_dec, dOut);
  const thresholds = await thresholdsOf(dictionary);
  const rows = encoder.map((read, j): SlotRow => {
    const u = scale === 1 ? read : read.map((value) => value * scale);
    const write = decoder[j] as Float32Array;
    const shift = dictionary.subtractDecoderBias ? dot(decoderBias, u) : 0;
    const row = {
      u,
      v: scale === 1 ? write : write.map((value) => value / scale),
      b: (encoderBias[j] as number) - shift,
      theta: thresholds[j] as number,
      ...place,
    };
    if (j !== feature) return { ...row, c: 0, g: 1 };
    return change.kind === "clamp" ? { ...row, c: change.value, g: 0 } : { ...row, c: 0, g: change.factor };
  });
  const bias = scale === 1 ? decoderBias : decoderBias.map((value) => value / scale);
  return [...rows, { u: null, v: bias, b: 0, theta: 0, c: 1, g: 0, ...place }];
}

/** Splits a matrix into its `count` vectors of `width`: rows of `[count, width]`, or the columns of `[width, count]` where transposed. */
function rowsOf(data: Float32Array, width: number, count: number, transposed: boolean): Float32Array[] {
  if (!transposed) return Array.from({ length: count }, (_, j) => data.subarray(j * width, (j + 1) * width));
  const out = new Float32Array(data.length);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < count; j++) out[j * width + i] = data[i * count + j] as number;
  }
  return rowsOf(out, width, count, false);
}
