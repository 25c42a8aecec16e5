import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { RefractError } from "../../../shared/errors.ts";

/** Chooses a lane's next token from its logits `[vocab]`. */
export type Sampler = (logits: Float32Array) => number;

/** The largest logit's id; the first of equals. Refuses to choose among NaNs. */
export function argmax(logits: Float32Array): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] as number;
    if (value > most) {
      most = value;
      best = id;
    }
  }
  if (best < 0) throw new RefractError("failed", "The model's logits hold no finite number.");
  return best;
}

/**
 * A lane's own sampler: greedy at temperature 0, else from the nucleus of the smallest set of tokens whose probability reaches `topP`
 * (Holtzman et al. 2020). The stream of random numbers is the seed's alone, so a lane's text does not depend on what it is batched with.
 */
export function makeSampler(temperature: number, topP: number, seed: number): Sampler {
  if (temperature === 0) return argmax;
  const random = xoroshiro128plus(seed);
  return (logits) => sample(logits, temperature, topP, random);
}

function sample(logits: Float32Array, temperature: number, topP: number, random: RandomGenerator): number {
  const most = logits[argmax(logits)] as number;
  const weights = Float64Array.from(logits, (value) => Math.exp((value - most) / temperature));
  let total = 0;
  for (const weight of weights) total += weight;
  const nucleus = topP < 1 ? nucleusOf(weights, topP * total) : null;
  const ids = nucleus?.ids ?? null;
  let left = uniformFloat64(random) * (nucleus?.total ?? total);
  const count = ids?.length ?? weights.length;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const id = ids === null ? i : (ids[i] as number);
    const weight = weights[id] as number;
    if (weight === 0) continue;
    last = id;
    left -= weight;
    if (left < 0) return id;
  }
  return last;
}

function nucleusOf(weights: Float64Array, mass: number): { ids: Uint32Array; total: number } {
  // Tokens below this share cannot be in the nucleus unless all above it fall short; sorting the whole vocabulary is what costs.
  let floor = mass / weights.length / 8;
  for (;;) {
    const candidates = Uint32Array.from(indicesAbove(weights, floor)).sort(
      (a, b) => (weights[b] as number) - (weights[a] as number) || a - b,
    );
    let total = 0;
    for (let i = 0; i < candidates.length; i++) {
      total += weights[candidates[i] as number] as number;
      if (total >= mass) return { ids: candidates.subarray(0, i + 1), total };
    }
    if (floor === 0) return { ids: candidates, total };
    floor = 0;
  }
}

function indicesAbove(weights: Float64Array, floor: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < weights.length; id++) if ((weights[id] as number) >= floor) ids.push(id);
  return ids;
}
