import { auc } from "./auc.ts";
import { type BootstrapInterval, bootstrapVector } from "./bootstrap.ts";
import type { Random } from "./random.ts";

/** First layer at which a component can be read: within `margin` of the largest AUC. NaN entries are passed over; `null` where all are. */
export function readingOnset(profile: readonly number[], layers: readonly number[], margin = 0.02): number | null {
  const largest = Math.max(...profile.filter((x) => !Number.isNaN(x)));
  const at = profile.findIndex((x) => x >= largest - margin);
  return at < 0 ? null : (layers[at] as number);
}

/** First layer at which editing has its effect: within `margin` (a share) of the largest. `null` where no effect is above 0. */
export function effectOnset(profile: readonly number[], layers: readonly number[], margin = 0.1): number | null {
  const largest = Math.max(...profile.filter((x) => !Number.isNaN(x)));
  const at = largest > 0 ? profile.findIndex((x) => x >= (1 - margin) * largest) : -1;
  return at < 0 ? null : (layers[at] as number);
}

/** Layers whose effect is within `margin` of the largest. */
export function fullEffectLayers(profile: readonly number[], layers: readonly number[], margin = 0.1): number[] {
  const largest = Math.max(...profile.filter((x) => !Number.isNaN(x)));
  return largest > 0 ? layers.filter((_, k) => (profile[k] as number) >= (1 - margin) * largest) : [];
}

export interface LagInput {
  /** Layers of the reading profile and of the effect profile. */
  readLayers: readonly number[];
  effectLayers: readonly number[];
  /** Readings per layer and prompt, `[readLayers][n]`, with labels and base prompts of the n prompts. */
  scores: readonly ArrayLike<number>[];
  positive: readonly boolean[];
  scoreBase: readonly string[];
  /** Refusals of m prompts as they are and with an edit at each layer, `[effectLayers][m]`. */
  baseline: readonly boolean[];
  edited: readonly (readonly boolean[])[];
  effectBase: readonly string[];
}

export interface Lag {
  reading: BootstrapInterval;
  effect: BootstrapInterval;
  /** Effect onset minus reading onset, in layers: above 0 where a component can be read before editing it has an effect. */
  lag: BootstrapInterval;
}

/**
 * Onset of reading, onset of effect and their lag, with percentile bootstrap intervals over base prompts (both sets resampled together,
 * so that a base in both stays one). Replicates without any effect are counted as undefined. `null` where there is no onset at all.
 */
export function layerLag(input: LagInput, random: Random, replicates = 2000): Lag | null {
  const { scores, positive, scoreBase, baseline, edited, effectBase } = input;
  const n = scoreBase.length;
  const statistic = (rows: readonly number[]): number[] => {
    const read = rows.filter((row) => row < n);
    const run = rows.filter((row) => row >= n).map((row) => row - n);
    const labels = read.map((row) => positive[row] as boolean);
    const areas = scores.map((layer) =>
      auc(
        read.map((row) => layer[row] as number),
        labels,
      ),
    );
    const drops = edited.map((layer) =>
      run.length === 0
        ? Number.NaN
        : run.reduce((sum, row) => sum + Number(baseline[row]) - Number(layer[row]), 0) / run.length,
    );
    const reading = readingOnset(areas, input.readLayers) ?? Number.NaN;
    const effect = effectOnset(drops, input.effectLayers) ?? Number.NaN;
    return [reading, effect, effect - reading];
  };
  const [reading, effect, lag] = bootstrapVector([...scoreBase, ...effectBase], statistic, { random, replicates });
  if (reading === undefined || effect === undefined || lag === undefined) return null;
  return Number.isNaN(lag.estimate) ? null : { reading, effect, lag };
}
