import type { Activations, DirectionSamples } from "../../../sidecar/statistics/activations.ts";
import { differenceInMeans } from "../../../sidecar/statistics/activations.ts";
import type { LayerInput } from "../../../sidecar/statistics/battery/battery-input.ts";
import type { CategoryOutcomes, ConditionOutcomes } from "../../../sidecar/statistics/battery/outcomes.ts";
import { commonCandidates } from "../../../sidecar/statistics/common-and-private.ts";
import { covarianceMatchedDirection } from "../../../sidecar/statistics/covariance-null.ts";
import { type Random, seeded } from "../../../sidecar/statistics/random.ts";
import { unit } from "../../../sidecar/statistics/vectors.ts";

/** Named axes of the simulated stream; the rest of its `WIDTH` dimensions hold noise only. */
export const AXIS = {
  knobA: 0,
  knobB: 1,
  inert: 2,
  privateA: 3,
  privateB: 4,
  topicA: 5,
  topicB: 6,
  topicC: 7,
} as const;
export type Axis = keyof typeof AXIS;
const WIDTH = 32;

/** A model with one layer whose truth is known: what its harmful prompts hold, and how it decides. */
export interface SimulatedModel {
  /** What a harmful prompt of each category holds beside its topic, before its own strength and noise. */
  content: readonly [Partial<Record<Axis, number>>, Partial<Record<Axis, number>>];
  /**
   * Whether a prompt is refused, from the named axes of the edited activation.
   * @param luck the prompt's own uniform number, the same under every condition.
   */
  refuses(x: Float64Array, category: 0 | 1, luck: number): boolean;
  /** Standard deviation of each dimension of each category's prompts. */
  noise?: readonly [number, number];
  /** Training prompts of each category, harmful and harmless each. */
  train?: readonly [number, number];
  /** Each axis of each prompt has its own strength, uniform within 1 +- spread. */
  spread?: number;
  /** Consecutive prompts that are variants of one base: near copies, with the base's own luck. */
  variants?: number;
  /** Share of the test prompts whose refusal comes from elsewhere and never changes. */
  stubborn?: number;
}

function sample(
  random: Random,
  n: number,
  name: string,
  noise: number,
  mean: Partial<Record<Axis, number>>,
  spread: number,
  variants: number,
): Activations {
  const data = new Float64Array(n * WIDTH);
  for (let row = 0; row < n; row++) {
    for (let j = 0; j < WIDTH; j++) data[row * WIDTH + j] = noise * random.normal();
    for (const [axis, value] of Object.entries(mean)) {
      const at = row * WIDTH + AXIS[axis as Axis];
      data[at] = (data[at] as number) + value * (1 + spread * (2 * random.uniform() - 1));
    }
  }
  for (let row = 0; row < n; row++) {
    const first = row - (row % variants);
    if (first === row) continue;
    for (let j = 0; j < WIDTH; j++)
      data[row * WIDTH + j] = (data[first * WIDTH + j] as number) + 0.05 * random.normal();
  }
  return { data, d: WIDTH, base: Array.from({ length: n }, (_, i) => `${name}-${Math.floor(i / variants)}`) };
}

/** Writes the named axes of row `row` into `into`, with the row's part along `direction` taken away. */
function readEdited(data: Float64Array, row: number, direction: Float64Array | null, into: Float64Array): Float64Array {
  const offset = row * WIDTH;
  let along = 0;
  if (direction !== null)
    for (let j = 0; j < WIDTH; j++) along += (data[offset + j] as number) * (direction[j] as number);
  for (let j = 0; j < into.length; j++) into[j] = (data[offset + j] as number) - along * (direction?.[j] ?? 0);
  return into;
}

/** Runs the whole procedure on a simulated model: training prompts, directions, test prompts, every ablation that the battery asks for. */
export function simulateStudy(model: SimulatedModel, n: number, seed: number): LayerInput {
  const random = seeded(seed, "study");
  const topics = [{ topicA: 1 }, { topicB: 1 }] as const;
  const [noiseA, noiseB] = model.noise ?? [0.15, 0.15];
  const noises = [noiseA, noiseB];
  const sizes = model.train ?? [n, n];
  const { spread = 0.2, variants = 1 } = model;
  const means = ([0, 1] as const).map((c) => ({ ...topics[c], ...model.content[c] }));
  const samples = ([0, 1] as const).map(
    (c): DirectionSamples => ({
      positive: sample(
        random,
        sizes[c],
        `train-${c}`,
        noises[c] as number,
        means[c] as Partial<Record<Axis, number>>,
        spread,
        variants,
      ),
      negative: sample(random, sizes[c], `harmless-${c}`, noises[c] as number, topics[c], spread, variants),
    }),
  ) as [DirectionSamples, DirectionSamples];
  const raw = samples.map(differenceInMeans) as [Float64Array, Float64Array];
  const directions = raw.map(unit);
  const axis = (name: Axis): Float64Array => Float64Array.from({ length: WIDTH }, (_, j) => (j === AXIS[name] ? 1 : 0));
  const isotropic = (): Float64Array => unit(Float64Array.from({ length: WIDTH }, () => random.normal()));
  const controls = [
    ...[0, 1, 2, 3].map((i) => ({ name: `random ${i}`, kind: "random" as const, direction: isotropic() })),
    ...[0, 1].map((i) => ({
      name: `covariance ${i}`,
      kind: "covariance" as const,
      direction: unit(covarianceMatchedDirection((samples[i] as DirectionSamples).negative, random)),
    })),
    {
      name: "topics 0",
      kind: "topics" as const,
      direction: unit(axis("topicC").map((x, j) => x - (axis("topicA")[j] as number))),
    },
  ];
  const runner = (c: 0 | 1, size: number, name: string) => {
    const prompts = sample(
      random,
      size,
      `${name}-${c}`,
      noises[c] as number,
      means[c] as Partial<Record<Axis, number>>,
      spread,
      variants,
    );
    const draws = Array.from({ length: size }, () => random.uniform());
    const luck = draws.map((_, i) => draws[i - (i % variants)] as number);
    const stubborn = luck.map(() => random.uniform() < (model.stubborn ?? 0));
    const data = Float64Array.from(prompts.data);
    const named = new Float64Array(Object.keys(AXIS).length);
    const run = (direction: Float64Array | null): ConditionOutcomes => ({
      refused: luck.map((u, i) => stubborn[i] || model.refuses(readEdited(data, i, direction, named), c, u)),
    });
    return { base: prompts.base, run };
  };
  // The common part is chosen on validation prompts: the candidate after which fewest refusals are left in the worse category.
  const validation = ([0, 1] as const).map((c) => runner(c, n / 2, "validation"));
  const left = (direction: Float64Array): number =>
    Math.max(...validation.map(({ run }) => run(direction).refused.filter(Boolean).length));
  const parts = commonCandidates(...raw).sort((p, q) => left(p.common) - left(q.common))[0];
  if (parts === undefined) throw new Error("The simulated directions are opposite.");
  const categories = ([0, 1] as const).map((c): CategoryOutcomes => {
    const { base, run } = runner(c, n, "test");
    return {
      base,
      baseline: run(null),
      own: run(directions[c] as Float64Array),
      other: run(directions[1 - c] as Float64Array),
      common: run(parts.common),
      private: parts.private === null ? null : run(parts.private),
      controls: controls.map(({ name, kind, direction }) => ({ name, kind, outcomes: run(direction) })),
    };
  }) as [CategoryOutcomes, CategoryOutcomes];
  return { layer: 4, samples, categories };
}
