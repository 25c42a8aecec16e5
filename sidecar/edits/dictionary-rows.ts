import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits, RowNorm, SlotRow } from "../../shared/engine/slot-row.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import {
  allFeatureVectors,
  decoderBias,
  type FeatureVectors,
  featureVectors,
} from "../dictionaries/feature-vectors.ts";

/** How a feature is changed: `clamp` sets it, `scale` multiplies it. */
export interface FeatureChange {
  feature: number;
  change: { kind: "clamp"; value: number } | { kind: "scale"; factor: number };
}

interface Place {
  at: HookPoint;
  positions: Positions;
  edit: number;
}

/**
 * Slot rows for changes of features of one dictionary. The error kept: `x + sum (f' - f)·v`, a row each; of a TopK dictionary every
 * feature's row runs, since only all of them together say which are among the k largest, and of a dictionary that normalises each input,
 * rows read and write in that input's own measure. Dropped: the reconstruction with the changed features in place of the stream, a row per
 * feature and one for the decoder's bias.
 */
export async function dictionaryRows(
  dictionary: Dictionary,
  changes: readonly FeatureChange[],
  error: "keep" | "drop",
  place: Place,
): Promise<LaneEdits> {
  const measure = measureOf(dictionary);
  const { activation } = dictionary;
  const keeps = error === "keep";
  const changed = new Map(changes.map((change) => [change.feature, change]));
  const vectors = await featureVectors(dictionary, [...changed.keys()]);
  if (keeps && activation.kind !== "topk") {
    const rows = [...changed.values()].map(
      (change, i): SlotRow => ({
        ...asRow(vectors[i] as FeatureVectors, measure),
        ...changeOf(change, true),
        ...place,
      }),
    );
    return { rows, drops: [] };
  }
  const ranked = activation.kind === "topk" ? { rank: activation.k } : {};
  const rows = (await allFeatureVectors(dictionary)).map((own, j): SlotRow => {
    const change = changed.get(j);
    const effect = change === undefined ? { c: 0, g: keeps ? 0 : 1 } : changeOf(change, keeps);
    return { ...asRow(own, measure), ...ranked, ...effect, ...place };
  });
  if (keeps) return { rows, drops: [] };
  const b = await decoderBias(dictionary);
  const constant = { u: null, b: 0, theta: 0, c: 1, g: 0, ...place };
  rows.push({ ...constant, v: scaled(b, 1 / measure.factor), ...normOf(measure) });
  if (measure.norm === "deviation") rows.push(meanRow(dictionary.dIn, place));
  return { rows, drops: [place] };
}

/** What the ledger says of an edit that is more than one row. */
export function dictionaryNotes({ path, activation, normalisation, features }: Dictionary): string[] {
  const notes: string[] = [];
  if (activation.kind === "topk") {
    notes.push(
      `${path}: all ${features} features run at each position, exactly, to know which are among the ${activation.k} largest`,
    );
  }
  if (normalisation.kind === "layer-norm" || normalisation.kind === "constant-norm") {
    notes.push(
      `${path}: each input is normalised by its own ${normalisation.kind === "layer-norm" ? "mean and deviation" : "norm"}; the change is the difference of the two reconstructions in that measure, exactly`,
    );
  }
  return notes;
}

interface Measure {
  /** What x is multiplied by before it is read, where that is one number. */
  factor: number;
  norm: RowNorm | null;
}

function measureOf({ normalisation, dIn }: Dictionary): Measure {
  switch (normalisation.kind) {
    case "scale":
      return { factor: normalisation.factor, norm: null };
    case "constant-norm":
      // x·sqrt(d)/‖x‖: the norm is divided by on the way in and multiplied by on the way out.
      return { factor: Math.sqrt(dIn), norm: "length" };
    case "layer-norm":
      return { factor: 1, norm: "deviation" };
    case "none":
      return { factor: 1, norm: null };
  }
}

function normOf({ norm }: Measure): { norm?: RowNorm } {
  return norm === null ? {} : { norm };
}

/** A feature's vectors as a row that reads the stream itself; the mean of a layer norm is taken out of the reading vector. */
function asRow({ u, b, theta, v }: FeatureVectors, measure: Measure) {
  const read = measure.norm === "deviation" ? centred(u) : u;
  return { u: scaled(read, measure.factor), b, theta, v: scaled(v, 1 / measure.factor), ...normOf(measure) };
}

function changeOf({ change }: FeatureChange, keeps: boolean): { c: number; g: number } {
  if (change.kind === "clamp") return { c: change.value, g: keeps ? -1 : 0 };
  return { c: 0, g: keeps ? change.factor - 1 : change.factor };
}

/** Puts the mean of x back, which a layer norm took out. */
function meanRow(dIn: number, place: Place): SlotRow {
  const u = new Float32Array(dIn).fill(1 / dIn);
  const v = new Float32Array(dIn).fill(1);
  return { u, v, b: 0, theta: Number.NEGATIVE_INFINITY, c: 0, g: 1, ...place };
}

function scaled(vector: Float32Array, factor: number): Float32Array {
  return factor === 1 ? vector : vector.map((value) => value * factor);
}

function centred(vector: Float32Array): Float32Array {
  const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length;
  return vector.map((value) => value - mean);
}
