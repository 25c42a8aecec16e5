import type { CallOptions, Engine } from "../../shared/engine/engine.ts";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import type { Dictionary, DictionaryNormalisation } from "../../shared/plugin/dictionary-format.ts";
import { dictionaryRows } from "../edits/dictionary-rows.ts";
import { sameStream } from "../edits/same-stream.ts";
import { logSumExp } from "../statistics/softmax.ts";
import { norm } from "../statistics/vectors.ts";

/** What a dictionary does on a model's own activations, against what its files declare. */
export interface Trust {
  /** Fraction of variance unexplained; the first position of each prompt, which carries massive activations, is left out. */
  fvu: number;
  /** Mean number of features that fire at a position. */
  l0: number;
  /**
   * How much of the next token's loss the reconstruction keeps: 1 where it is as good as the stream, 0 as bad as zeros in its place. `null`
   * where it is not measured: for a transcoder, for a dictionary too large to run whole in a pass, and where it is left out.
   */
  lossRecovered: number | null;
  /** Features that fire at no position of the sample. */
  dead: number;
  positions: number;
  /** Why it should not be trusted; empty where nothing speaks against it. */
  reasons: string[];
  /** Why it was not encoded where the model runs; `null` where it was. */
  fallback: string | null;
}

export interface TrustSettings {
  /** The beginning-of-sequence token, where the model has one. */
  bos: number | null;
  /** What the model is called, for the badge; `null` where that is not known. */
  model: string | null;
  /** `false` leaves out the loss recovered, which takes three passes with the whole dictionary in one of them. */
  loss?: boolean;
}

/** A dictionary at the wrong place or in the wrong measure explains less than the mean does. */
const WRONG = 1;
/** More than twice what is declared, and not by a hair, is another model, place or measure. */
const FACTOR = 2;
const MARGIN = 0.05;
/** Weights of a dictionary that runs whole in a pass, as rows that are fed to it: 256 MB for each of its two matrices. */
const LARGEST_WHOLE = 64 * 1024 * 1024;

/**
 * Measures a dictionary on prompts of a model: FVU, L0, loss recovered and dead features, and says in words what does not fit: where little is
 * explained, which other hook point or normalisation would explain much, or that none does and the model is another one.
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
  const none = {
    fvu: Number.NaN,
    l0: Number.NaN,
    lossRecovered: null,
    dead: dictionary.features,
    positions: 0,
    fallback: null,
  };
  const { dIn, reads, writes, declared } = dictionary;
  if (dIn !== model.dModel) {
    const reason = `wrong model: it reads ${dIn} dimensions, the model has ${model.dModel}: it was made for another model`;
    return { ...none, reasons: [reason] };
  }
  const missing = [reads, writes].find((point) => !model.hookPoints.includes(point));
  if (missing !== undefined) {
    return { ...none, reasons: [`wrong hook point: it stands at ${missing}, which the model does not have`] };
  }
  if (prompts.every((ids) => ids.length < 2)) {
    const reason = "not measured: no prompt has a second token, and the first position is left out";
    return { ...none, reasons: [reason] };
  }
  const streams = await captured(engine, prompts, [...new Set([reads, writes])], options);
  const { fvu, encoded, positions } = await fitOf(engine, dictionary, streams, options);
  const l0 = encoded.active.reduce((sum, count) => sum + count, 0) / positions;
  const reasons: string[] = [];
  if (fvu >= WRONG || (declared.fvu !== null && fvu > FACTOR * declared.fvu + MARGIN)) {
    const than = declared.fvu === null ? "" : `, its files declare ${declared.fvu.toPrecision(2)}`;
    const found = `it leaves ${fvu.toPrecision(2)} of the variance at ${reads} unexplained${than}`;
    reasons.push(await diagnosis(engine, dictionary, prompts, { fvu, found }, options));
  }
  if (declared.l0 !== null && (l0 > FACTOR * declared.l0 || l0 < declared.l0 / FACTOR)) {
    reasons.push(`${l0.toPrecision(3)} features fire at a position, its files declare ${declared.l0.toPrecision(3)}`);
  }
  if (declared.model !== null && settings.model !== null && !sameName(declared.model, settings.model)) {
    reasons.push(`wrong model: its files say that it was made for ${declared.model}, the model is ${settings.model}`);
  }
  const doubled = prompts.filter((ids) => settings.bos !== null && ids[0] === settings.bos && ids[1] === settings.bos);
  if (doubled.length > 0) {
    reasons.push(
      `doubled BOS: ${doubled.length} of ${prompts.length} prompts begin with two beginning-of-sequence tokens`,
    );
  }
  const dead = encoded.fired.reduce((count, fired) => count + (fired === 0 ? 1 : 0), 0);
  const lossRecovered = settings.loss === false ? null : await recovered(engine, dictionary, prompts, options);
  return { fvu, l0, lossRecovered, dead, positions, reasons, fallback: encoded.fallback };
}

type Streams = Awaited<ReturnType<Engine["forward"]>>["captures"];

async function captured(
  engine: Engine,
  prompts: readonly (readonly number[])[],
  points: readonly HookPoint[],
  options: CallOptions,
): Promise<Streams> {
  const lanes = prompts.map((ids) => ({ ids, edits: { rows: [], drops: [] } }));
  const captures = points.map((at) => ({ at, positions: "all" as const }));
  return (await engine.forward({ lanes, captures, logits: "none" }, options)).captures;
}

async function fitOf(engine: Engine, dictionary: Dictionary, streams: Streams, options: CallOptions) {
  const inputs = withoutFirst(streams[dictionary.reads] ?? [], dictionary.dIn);
  const targets = withoutFirst(streams[dictionary.writes] ?? [], dictionary.dOut);
  const encoded = await engine.encode(
    { dictionary, activations: inputs, top: 0, features: [], active: true, statistics: true, reconstruct: true },
    options,
  );
  const fvu = unexplained(targets, encoded.reconstruction, dictionary.dOut);
  return { fvu, encoded, positions: inputs.length / dictionary.dIn };
}

/** Which one change of what the files say would make a dictionary fit that does not, in words; none for a transcoder, whose two places are one pair of many. */
async function diagnosis(
  engine: Engine,
  dictionary: Dictionary,
  prompts: readonly (readonly number[])[],
  { fvu, found }: { fvu: number; found: string },
  options: CallOptions,
): Promise<string> {
  const { reads, writes, declared, dIn, normalisation } = dictionary;
  if (reads !== writes) return `${found}: the hook points, the normalisation or the model are others`;
  const streams = await captured(engine, prompts, engine.model.hookPoints, options);
  const rows = withoutFirst(streams[reads] ?? [], dIn);
  const others: { dictionary: Dictionary; words: string }[] = [
    ...engine.model.hookPoints
      .filter((point) => !sameStream(point, reads))
      .map((point) => ({
        dictionary: { ...dictionary, reads: point, writes: point },
        words: `wrong hook point: it fits ${point}`,
      })),
    ...normalisations(rows, dIn)
      .filter((other) => inWords(other) !== inWords(normalisation))
      .map((other) => ({
        dictionary: { ...dictionary, normalisation: other },
        words: `wrong normalisation: it fits with ${inWords(other)} in place of ${inWords(normalisation)}`,
      })),
  ];
  let best = { fvu: Number.POSITIVE_INFINITY, words: "" };
  for (const other of others) {
    const fit = await fitOf(engine, other.dictionary, streams, options);
    if (fit.fvu < best.fvu) best = { fvu: fit.fvu, words: other.words };
  }
  const fits = best.fvu < (declared.fvu === null ? WRONG / 2 : FACTOR * declared.fvu + MARGIN) && best.fvu < fvu / 2;
  if (fits) return `${best.words} (${best.fvu.toPrecision(2)} unexplained); ${found}`;
  const nowhere = "no other hook point of the model and no other normalisation fits it";
  return fvu >= WRONG ? `wrong model: ${found}, and ${nowhere}` : `${found}; ${nowhere}`;
}

/** What dictionaries are trained on, of these activations; a fixed factor brings their mean length to sqrt(d), as SAELens's `expected_average_only_in`. */
function normalisations(rows: Float32Array, width: number): DictionaryNormalisation[] {
  let length = 0;
  const count = rows.length / width;
  for (let i = 0; i < count; i++) length += norm(rows.subarray(i * width, (i + 1) * width)) / count;
  const scale = { kind: "scale", factor: Math.sqrt(width) / length } as const;
  return [{ kind: "none" }, scale, { kind: "constant-norm" }, { kind: "layer-norm" }];
}

function inWords(normalisation: DictionaryNormalisation): string {
  if (normalisation.kind !== "scale") return `"${normalisation.kind}"`;
  return `"scale" by ${normalisation.factor.toPrecision(2)}`;
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

/** A dictionary of a base model is used on its tuned form: what is measured decides whether it fits. */
function sameName(a: string, b: string): boolean {
  const plain = (name: string) =>
    (name.split("/").at(-1) ?? "")
      .toLowerCase()
      .replace(/[^a-z0-9]/g, "")
      .replace(/(it|instruct|chat|base|pt)$/, "");
  return plain(a) === plain(b);
}
