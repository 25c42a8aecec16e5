import type { Lane } from "../../../shared/engine/engine.ts";
import { hookPoint } from "../../../shared/engine/hook-point.ts";
import type { Candidate, RacedCandidate } from "../../../shared/plugin/direction-finder.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { klDivergence } from "../../statistics/kl-divergence.ts";
import { logSoftmax } from "../../statistics/softmax.ts";
import { tQuantile } from "../../statistics/t-distribution.ts";
import { ablate, add, NO_EDITS, streamPoints } from "../study/edit-rows.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { runLanes } from "../study/run-lanes.ts";
import { firstPrunedLayer, type SelectionBounds, selectDirection } from "./selection-rule.ts";

/** A direction that may be chosen, with its place. */
export interface Contender {
  layer: number;
  position: number;
  vector: Float32Array;
}

/** Scores by prompt, as far as they have been made. */
export interface Scores {
  bypass: number[];
  induce: number[];
  kl: number[];
}

function average(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  if (values.length < 2) return Number.POSITIVE_INFINITY;
  const centre = average(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1) / values.length);
}

/** Whether scores on the same prompts are larger than the best ones beyond chance: a paired, one-sided t-test at 1%. */
function isClearlyWorse(scores: readonly number[], best: readonly number[]): boolean {
  const worse = scores.map((score, i) => score - (best[i] ?? Number.NaN));
  return average(worse) > tQuantile(1 - CHANCE, worse.length - 1) * standardError(worse);
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** What is needed of the harmless prompts without edits: their next-token logits, and the stream where blocks begin. */
interface Baseline {
  logits: Float32Array[];
  /** By first layer of a block: `[positions, dModel]` per prompt. */
  streams: ReadonlyMap<number, readonly Float32Array[]>;
}

/** The last place at or below `layer` from which a pass can start. */
export function blockStart(blocks: readonly (readonly [number, number])[], layer: number): number {
  return Math.max(0, ...blocks.map(([first]) => first).filter((first) => first <= layer));
}

async function baselineOf(study: Study, prompts: readonly StudyPrompt[], layers: readonly number[]): Promise<Baseline> {
  const starts = [...new Set(layers.map((layer) => blockStart(study.engine.model.blocks, layer)))].filter(
    (first) => first > 0,
  );
  const captures = starts.map((layer) => ({ at: hookPoint("resid_pre", layer), positions: "all" as const }));
  const lanes = prompts.map(({ ids }) => ({ ids, edits: NO_EDITS }));
  const results = await runLanes(study, lanes, captures, "last");
  return {
    logits: results.map(({ logits }) => logits),
    streams: new Map(
      starts.map((layer) => [
        layer,
        results.map(({ captures }) => captures[hookPoint("resid_pre", layer)] ?? new Float32Array()),
      ]),
    ),
  };
}

/** Scores of harmless prompts with the direction added at its layer; everything below is taken from the baseline's stream. */
async function induce(
  study: Study,
  contenders: readonly Contender[],
  prompts: readonly StudyPrompt[],
  range: { from: number; to: number },
  baseline: Baseline,
): Promise<number[][]> {
  const scores = contenders.map((): number[] => []);
  const byStart = Map.groupBy(contenders.keys(), (c) =>
    blockStart(study.engine.model.blocks, contenders[c]?.layer ?? 0),
  );
  for (const [layer, members] of byStart) {
    const streams = baseline.streams.get(layer);
    const cells = members.flatMap((c) =>
      prompts.slice(range.from, range.to).map((prompt, i) => ({ c, prompt, i: range.from + i })),
    );
    const lanes = cells.map(({ c, prompt }): Lane => {
      const contender = contenders[c] as Contender;
      return { ids: prompt.ids, edits: add(hookPoint("resid_pre", contender.layer), contender.vector) };
    });
    const start = streams && { layer, activations: cells.map(({ i }) => streams[i] as Float32Array) };
    const results = await runLanes(study, lanes, [], "last", start);
    for (const [k, { c }] of cells.entries())
      scores[c]?.push(firstTokenScore(results[k]?.logits ?? [], study.refusal.ids));
  }
  return scores;
}

/** Next-token logits under ablation, by contender and prompt. */
async function ablated(
  study: Study,
  contenders: readonly Contender[],
  prompts: readonly StudyPrompt[],
): Promise<Float32Array[][]> {
  const points = streamPoints(study.engine.model);
  const lanes = contenders.flatMap(({ vector }) => {
    const edits = ablate(points, [vector]);
    return prompts.map(({ ids }): Lane => ({ ids, edits }));
  });
  const results = await runLanes(study, lanes, [], "last");
  return contenders.map((_, c) => prompts.map((_, i) => results[c * prompts.length + i]?.logits ?? new Float32Array()));
}

export interface Search {
  /** Scored on every validation prompt. */
  finalists: Candidate[];
  /** Left early, with the number of prompts that they were scored on. */
  raced: RacedCandidate[];
}

/** Numbers of prompts at which the race is judged; whoever is left after the last is scored on all. */
const ROUNDS = [4, 8, 16];
/** Chance at which a candidate that is no worse than the best one leaves the race for its scores. */
const CHANCE = 0.01;
/** No fewer than so many reach the end, so that the rule chooses among candidates and does not only confirm one. */
const FEWEST_FINALISTS = 2;

/**
 * Drops what clearly misses a bound (`miss` above 0), worst first, but never so many that fewer than a few are left: where nearly all
 * miss it, the rule must say so on every prompt.
 */
function thinned<Entry>(
  entries: readonly Entry[],
  miss: (entry: Entry) => number,
  leave: (entry: Entry) => void,
): Entry[] {
  const ranked = [...entries].sort((a, b) => miss(a) - miss(b));
  const kept = new Set(ranked.filter((entry, i) => i < FEWEST_FINALISTS || !(miss(entry) > 0)));
  for (const entry of entries) if (!kept.has(entry)) leave(entry);
  return entries.filter((entry) => kept.has(entry));
}

function asCandidate({ layer, position }: Contender, scores: Scores): Candidate {
  return {
    position,
    layer,
    refusal_score: orNull(average(scores.bypass)),
    steering_score: orNull(average(scores.induce)),
    kl_div_score: orNull(average(scores.kl)),
  };
}

interface Entry {
  contender: Contender;
  scores: Scores;
}

/**
 * Scores candidates by the selection rule's three measures. Unless everything is to be searched, candidates race: the same prompts for all
 * (paired), on 4, 8 and 16 of them and then on all (successive halving; Karnin et al. 2013). In each round the cheap filter comes first
 * (addition restarts at its layer) and clear failures leave, then the better half by bypass stays without those that are clearly worse than the best, and only for these is the KL
 * divergence made up for; finalists are scored on every prompt.
 */
export async function scoreCandidates(
  study: Study,
  contenders: readonly Contender[],
  harmful: readonly StudyPrompt[],
  harmless: readonly StudyPrompt[],
  bounds: SelectionBounds,
): Promise<Search> {
  const baseline = await baselineOf(
    study,
    harmless,
    contenders.map(({ layer }) => layer),
  );
  const unedited = baseline.logits.map(logSoftmax);
  const raced: Search["raced"] = [];
  const most = Math.max(harmful.length, harmless.length);
  const sizes = study.exhaustive ? [most] : [...ROUNDS.filter((size) => size < most), most];
  let alive = contenders.map((contender): Entry => ({ contender, scores: { bypass: [], induce: [], kl: [] } }));
  const of = (entries: readonly Entry[]) => entries.map(({ contender }) => contender);
  for (const size of sizes) {
    const leave = (entry: Entry, why: string) =>
      raced.push({ candidate: asCandidate(entry.contender, entry.scores), prompts: size, why });
    const racing = size < most;
    const from = alive[0]?.scores.induce.length ?? 0;
    const pushed = await induce(study, of(alive), harmless, { from, to: size }, baseline);
    for (const [i, entry] of alive.entries()) entry.scores.induce.push(...(pushed[i] ?? []));
    if (racing) {
      alive = thinned(
        alive,
        ({ scores }) => bounds.induce - average(scores.induce) - 2 * standardError(scores.induce),
        (entry) => leave(entry, "added, it does not make harmless prompts refuse"),
      );
    }
    const loud = await ablated(study, of(alive), harmful.slice(alive[0]?.scores.bypass.length ?? 0, size));
    for (const [i, entry] of alive.entries()) {
      entry.scores.bypass.push(...(loud[i] ?? []).map((logits) => firstTokenScore(logits, study.refusal.ids)));
    }
    if (racing) {
      const ranked = [...alive].sort((a, b) => average(a.scores.bypass) - average(b.scores.bypass));
      const half = ranked.slice(0, Math.max(FEWEST_FINALISTS, Math.ceil(alive.length / 2)));
      const best = half[0]?.scores.bypass ?? [];
      alive = half.filter(({ scores }, i) => i < FEWEST_FINALISTS || !isClearlyWorse(scores.bypass, best));
      for (const entry of ranked) if (!alive.includes(entry)) leave(entry, "others take down more refusals");
    }
    const seen = alive[0]?.scores.kl.length ?? 0;
    const quiet = await ablated(study, of(alive), harmless.slice(seen, size));
    for (const [i, entry] of alive.entries()) {
      entry.scores.kl.push(
        ...(quiet[i] ?? []).map((logits, k) => klDivergence(unedited[seen + k] ?? [], logSoftmax(logits))),
      );
    }
    if (racing) {
      alive = thinned(
        alive,
        ({ scores }) => average(scores.kl) - 2 * standardError(scores.kl) - bounds.kl,
        (entry) => leave(entry, "ablated, it changes harmless prompts"),
      );
    }
  }
  return { finalists: alive.map(({ contender, scores }) => asCandidate(contender, scores)), raced };
}

/** Layers that the rule may choose from. */
export function selectableLayers(
  layers: number,
  range: { first: number; last: number } | null,
  bounds: SelectionBounds,
): number[] {
  const end = firstPrunedLayer(layers, bounds.prune);
  return Array.from({ length: end }, (_, layer) => layer).filter(
    (layer) => range === null || (layer >= range.first && layer <= range.last),
  );
}

/**
 * The rule's choice. Where it leaves none, the finalist with the lowest bypass is taken all the same, best among those that bring refusal
 * about, and a sentence says which bound it misses: what follows holds for that direction, with this against it.
 */
export function choose(search: Search, layers: number, bounds: SelectionBounds) {
  const selection = selectDirection(search.finalists, layers, bounds);
  const early = search.raced.length > 0 ? ` ${search.raced.length} others left the race early.` : "";
  if (selection.winner) return { winner: selection.winner, because: `${selection.because}${early}`, warning: null };
  const numbers = search.finalists.filter(
    ({ refusal_score, kl_div_score }) => refusal_score !== null && kl_div_score !== null,
  );
  const inducing = numbers.filter(
    ({ steering_score }) => (steering_score ?? Number.NEGATIVE_INFINITY) >= bounds.induce,
  );
  const [best] = [...(inducing.length > 0 ? inducing : numbers)].sort(
    (a, b) => (a.refusal_score ?? 0) - (b.refusal_score ?? 0),
  );
  if (!best) return { winner: null, because: selection.because, warning: null };
  const warning = `${selection.because} Taken all the same: position ${best.position}, layer ${best.layer}, whose ablation leaves the lowest score (${(best.refusal_score ?? 0).toFixed(2)}) and changes harmless prompts by ${(best.kl_div_score ?? 0).toFixed(2)} nats.`;
  return { winner: best, because: `${warning}${early}`, warning };
}
