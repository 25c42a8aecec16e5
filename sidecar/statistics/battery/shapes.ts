import type { Activations, DirectionSamples } from "../activations.ts";
import { effectiveDimension } from "../covariance-null.ts";
import { crossFittedCosine } from "../cross-fitted-cosine.ts";
import type { Figure } from "../figure.ts";
import type { JackknifeInterval } from "../jackknife.ts";
import { normalQuantile } from "../normal-distribution.ts";
import { BATTERY_DEFAULTS, type BatteryOptions } from "./battery-options.ts";
import { promptsNeeded } from "./prompts-needed.ts";
import type { HalfVerdict, ShapesWord } from "./result.ts";

/**
 * Whether two directions have one shape: distinct when the interval of their cross-fitted cosine lies below the bound, one when it lies
 * above, else undecided with the number of training prompts that would part it from the bound.
 * Figures beside it: the plain cosine, each direction's reliability, and the range of cosines of random directions with the data's covariance.
 * @param of names of the two directions.
 * @param samples training activations, both at one layer; see `crossFittedCosine` for base ids.
 */
export function shapes(
  of: readonly [string, string],
  samples: readonly [DirectionSamples, DirectionSamples],
  options: Partial<BatteryOptions> = {},
): HalfVerdict<ShapesWord> & { missing: string | null } {
  const bound = options.shapeBound ?? BATTERY_DEFAULTS.shapeBound;
  const few = samples
    .flatMap(({ positive, negative }, k) =>
      [positive, negative].map((sample) => ({ name: of[k] as string, n: new Set(sample.base).size })),
    )
    .filter(({ n }) => n < 4);
  if (few[0] !== undefined) {
    const because = `${few[0].name} has ${few[0].n} training prompts, too few to tell its direction from noise`;
    return { verdict: "undecided", because, missing: `needs more training prompts of ${few[0].name}`, figures: [] };
  }
  const { cosine, plain, reliability, n } = crossFittedCosine(samples[0], samples[1]);
  const figures: Figure[] = [
    { name: "plain cosine", of, ...range(plain), n, unit: "cosine" },
    ...reliability.map((interval, k) => ({
      name: "reliability",
      of: [of[k] as string],
      ...range(interval),
      n: sizeOf(samples[k] as DirectionSamples),
      unit: "share",
    })),
    nullFigure(of, samples),
  ];
  const noisy = reliability.findIndex(({ low }) => !(low > 0));
  if (cosine === null || noisy >= 0) {
    const name = of[Math.max(0, noisy)] as string;
    const share = reliability[Math.max(0, noisy)]?.estimate ?? 0;
    const because = `the direction of ${name} cannot be told from noise (reliability ${share.toFixed(2)})`;
    return { verdict: "undecided", because, missing: `needs more training prompts of ${name}`, figures };
  }
  figures.unshift({ name: "cosine", of, ...range(cosine), n, unit: "cosine" });
  const shown = `cross-fitted cosine ${cosine.estimate.toFixed(2)} [${cosine.low.toFixed(2)}, ${cosine.high.toFixed(2)}]`;
  if (cosine.high < bound) return { verdict: "distinct", because: `${shown}, below ${bound}`, missing: null, figures };
  if (cosine.low > bound) return { verdict: "one", because: `${shown}, above ${bound}`, missing: null, figures };
  const missing = missingPrompts(of, samples, cosine, bound);
  return { verdict: "undecided", because: `${shown} holds the bound ${bound}; ${missing}`, missing, figures };
}

function range({ estimate, low, high }: JackknifeInterval): { estimate: number; low: number; high: number } {
  return { estimate, low, high };
}

function sizeOf({ positive, negative }: DirectionSamples): number {
  return positive.base.length + negative.base.length;
}

/** Cosines of random directions with the covariance of the harmful activations, mean over the two sets: 0 with 95% limits. */
function nullFigure(of: readonly [string, string], samples: readonly [DirectionSamples, DirectionSamples]): Figure {
  const positives: readonly Activations[] = samples.map(({ positive }) => positive);
  const dimension = Math.min(...positives.map(effectiveDimension));
  const half = Math.min(1, normalQuantile(0.975) / Math.sqrt(dimension));
  const n = positives.reduce((sum, { base }) => sum + base.length, 0);
  return { name: "null cosine", of, estimate: 0, low: -half, high: half, n, unit: "cosine" };
}

/** The interval's half-width shrinks with the root of n: how many more prompts part the estimate from the bound. */
function missingPrompts(
  of: readonly [string, string],
  samples: readonly [DirectionSamples, DirectionSamples],
  cosine: JackknifeInterval,
  bound: number,
): string {
  const growth = ((cosine.high - cosine.low) / 2 / (cosine.estimate - bound)) ** 2;
  if (!(growth < 1024)) return "more training prompts would not part it from the bound";
  // Strata are named by the samples a base is in: the first two belong to the first direction.
  let first = 0;
  let second = 0;
  for (const [name, part] of cosine.varianceOf) {
    if (name.slice(0, 2).includes("1")) first += part;
    if (name.slice(2).includes("1")) second += part;
  }
  const share = first / (first + second);
  const sets = samples.map((sample, k) => ({
    name: of[k] as string,
    n: sizeOf(sample),
    growth: Math.max(growth, 1.01),
  }));
  // A direction that contributes little of the variance would gain nothing from more prompts.
  return promptsNeeded(
    sets.filter((_, k) => (k === 0 ? share : 1 - share) > 0.2),
    "training prompt",
  );
}
