import type { CallOptions, Engine } from "../../shared/engine/engine.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import { dictionaryRows } from "../edits/dictionary-rows.ts";
import { logSumExp } from "../statistics/softmax.ts";

/** What a dictionary does on a model's own activations, against what its files declare. */
export interface Trust {
  /** Fraction of variance unexplained; the first position of each prompt, which carries massive activations, is left out. */
  fvu: number;
  /** Mean number of features that fire at a position. */
  l0: number;
  /**
   * How much of the next token's loss the reconstruction keeps: 1 where it is as good as the stream, 0 as bad as zeros in its place. `null`
   * where it is not measured: for a transcoder, and for a dictionary too large to run whole in a pass.
   */
  lossRecovered: number | null;
  /** Features that fire at no position of the sample. */
  dead: number;
  positions: number;
  /** Why it should not be trusted; empty where nothing speaks against it. */
  reasons: string[];
}

export interface TrustSettings {
  /** The beginning-of-sequence token, where the model has one. */
  bos: number | null;
  /** What the model is called, for the badge; `null` where that is not known. */
  model: string | null;
}

/** A dictionary at the wrong place or in the wrong measure explains less than the mean does. */
const WRONG = 1;
/** More than twice what is declared, and not by a hair, is another model, place or measure. */
const FACTOR = 2;
const MARGIN = 0.05;
/** Weights of a dictionary that runs whole in a pass, as rows that are fed to it: 256 MB for each of its two matrices. */
const LARGEST_WHOLE = 64 * 1024 * 1024;

/**
 * Measures a dictionary on prompts of a model: FVU, L0 and dead features, and says in words what does not fit.
 * `prompts` are token ids as the model is given them.
 */
export async function measureTrust(
  engine: Engine,
  dictionary: Dictionary,
  prompts: readonly (readonly number[])[],
  settings: TrustSettings,
  options: CallOptions = {},
): Promise<Trust> {
  const { model } = engine;
  const reasons: string[] = [];
  const none = { fvu: Number.NaN, l0: Number.NaN, lossRecovered: null, dead: dictionary.features, positions: 0 };
  if (dictionary.dIn !== model.dModel) {
    reasons.push(`it reads ${dictionary.dIn} dimensions, the model has ${model.dModel}: it was made for another model`);
    return { ...none, reasons };
  }
  const missing = [dictionary.reads, dictionary.writes].find((point) => !model.hookPoints.includes(point));
  if (missing !== undefined) return { ...none, reasons: [`it stands at ${missing}, which the model does not have`] };
  const points = [...new Set([dictionary.reads, dictionary.writes])];
  const lanes = prompts.map((ids) => ({ ids, edits: { rows: [], drops: [] } }));
  const captures = points.map((at) => ({ at, positions: "all" as const }));
  const { captures: streams } = await engine.forward({ lanes, captures, logits: "none" }, options);
  const inputs = withoutFirst(streams[dictionary.reads] ?? [], dictionary.dIn);
  const targets = withoutFirst(streams[dictionary.writes] ?? [], dictionary.dOut);
  const encoded = await engine.encode(
    { dictionary, activations: inputs, top: 0, features: [], active: true, statistics: true, reconstruct: true },
    options,
  );
  const positions = inputs.length / dictionary.dIn;
  const fvu = unexplained(targets, encoded.reconstruction, dictionary.dOut);
  const l0 = encoded.active.reduce((sum, count) => sum + count, 0) / positions;
  const { declared } = dictionary;
  if (fvu >= WRONG) {
    reasons.push(
      `it leaves ${fvu.toPrecision(2)} of the variance at ${dictionary.reads} unexplained, more than the mean would: the hook point, the normalisation or the model is another one`,
    );
  } else if (declared.fvu !== null && fvu > FACTOR * declared.fvu + MARGIN) {
    reasons.push(
      `it leaves ${fvu.toPrecision(2)} of the variance unexplained, its files declare ${declared.fvu.toPrecision(2)}`,
    );
  }
  if (declared.l0 !== null && (l0 > FACTOR * declared.l0 || l0 < declared.l0 / FACTOR)) {
    reasons.push(`${l0.toPrecision(3)} features fire at a position, its files declare ${declared.l0.toPrecision(3)}`);
  }
  if (declared.model !== null && settings.model !== null && !sameName(declared.model, settings.model)) {
    reasons.push(`its files say that it was made for ${declared.model}, the model is ${settings.model}`);
  }
  const doubled = prompts.filter((ids) => settings.bos !== null && ids[0] === settings.bos && ids[1] === settings.bos);
  if (doubled.length > 0) {
    reasons.push(`${doubled.length} of ${prompts.length} prompts begin with two beginning-of-sequence tokens`);
  }
  const dead = encoded.fired.reduce((count, fired) => count + (fired === 0 ? 1 : 0), 0);
  const lossRecovered = await recovered(engine, dictionary, prompts, options);
  return { fvu, l0, lossRecovered, dead, positions, reasons };
}

/** See `Trust.lossRecovered`; the first position keeps its stream. */
async function recovered(
  engine: Engine,
  dictionary: Dictionary,
  prompts: readonly (readonly number[])[],
  options: CallOptions,
): Promise<number | null> {
  const { reads, writes, features, dIn } = dictionary;
  if (reads !== writes || features * dIn > LARGEST_WHOLE) return null;
  const place = { at: reads, positions: { from: 1, to: null }, edit: 0 };
  const nothing: LaneEdits = { rows: [], drops: [] };
  const zeros: LaneEdits = { rows: [], drops: [place] };
  const losses: number[] = [];
  for (const edits of [nothing, await dictionaryRows(dictionary, [], "drop", place), zeros]) {
    const lanes = prompts.map((ids) => ({ ids, edits }));
    const { logits } = await engine.forward({ lanes, captures: [], logits: "all" }, options);
    losses.push(lossOf(prompts, logits, engine.model.vocabSize));
  }
  const [own = Number.NaN, reconstructed = Number.NaN, blind = Number.NaN] = losses;
  return blind > own ? (blind - reconstructed) / (blind - own) : null;
}

/** Mean loss of each next token from the second on, in nats. */
function lossOf(prompts: readonly (readonly number[])[], logits: readonly Float32Array[], vocab: number): number {
  let sum = 0;
  let count = 0;
  for (const [lane, ids] of prompts.entries()) {
    for (let position = 1; position + 1 < ids.length; position++) {
      const row = logits[lane]?.subarray(position * vocab, (position + 1) * vocab) ?? new Float32Array();
      sum += logSumExp(row) - (row[ids[position + 1] as number] as number);
      count += 1;
    }
  }
  return sum / count;
}

/** All positions but each prompt's first, one after another. */
function withoutFirst(streams: readonly Float32Array[], width: number): Float32Array {
  const rows = streams.map((stream) => stream.subarray(width));
  const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const own of rows) {
    all.set(own, at);
    at += own.length;
  }
  return all;
}

/** Sum of squares of what is not reconstructed, over that about the mean. */
function unexplained(targets: Float32Array, found: Float32Array, width: number): number {
  const rows = targets.length / width;
  const mean = new Float64Array(width);
  for (const [i, value] of targets.entries()) mean[i % width] = (mean[i % width] as number) + value / rows;
  let rest = 0;
  let total = 0;
  for (const [i, value] of targets.entries()) {
    rest += (value - (found[i] as number)) ** 2;
    total += (value - (mean[i % width] as number)) ** 2;
  }
  return rest / total;
}

function sameName(a: string, b: string): boolean {
  const plain = (name: string) => (name.split("/").at(-1) ?? "").toLowerCase().replace(/[^a-z0-9]/g, "");
  return plain(a) === plain(b);
}
