import { type DirectionSamples, meanRow } from "../../statistics/activations.ts";
import type { Interval } from "../../statistics/figure.ts";
import { jackknife } from "../../statistics/jackknife.ts";
import { principalAngles } from "../../statistics/principal-angles.ts";
import { topDirections } from "./top-directions.ts";

/** Axes of one category's prompts: the largest k of what they add to the harmless mean. */
const SUBSPACE = 5;
/** Groups of base prompts that are left out in turn; each costs a decomposition. */
const GROUPS = 10;

function subspace({ positive, negative }: DirectionSamples, keep: (base: string) => boolean): Float64Array[] {
  const harmless = meanRow(negative);
  const { data, d, base } = positive;
  const rows = base.flatMap((name, i) =>
    keep(name) ? [Float64Array.from({ length: d }, (_, j) => (data[i * d + j] ?? 0) - (harmless[j] ?? 0))] : [],
  );
  return topDirections(rows, SUBSPACE);
}

/**
 * Cosines of the principal angles between both categories' leading subspaces, k = 1..5, with delete-a-group jackknife intervals over base
 * prompts, clipped to [0, 1]. A bootstrap would meet its own duplicates and make a subspace look firmer than it is.
 */
export function principalIntervals(a: DirectionSamples, b: DirectionSamples): Interval[] {
  const both = [a, b] as const;
  const whole = both.map((samples) => subspace(samples, () => true)) as [Float64Array[], Float64Array[]];
  const { cosines } = principalAngles(...whole);
  const without: number[][] = [];
  const strata: string[] = [];
  for (const [side, samples] of both.entries()) {
    const bases = [...new Set(samples.positive.base)];
    for (let group = 0; group < Math.min(GROUPS, bases.length); group++) {
      const left = new Set(bases.filter((_, i) => i % GROUPS === group));
      const own = subspace(samples, (base) => !left.has(base));
      if (own.length === 0) continue;
      const pair: [Float64Array[], Float64Array[]] = side === 0 ? [own, whole[1]] : [whole[0], own];
      without.push(principalAngles(...pair).cosines);
      strata.push(String(side));
    }
  }
  return cosines.map((estimate, k) => {
    const { low, high } = jackknife(
      estimate,
      without.map((one) => one[k] ?? estimate),
      strata,
    );
    return { estimate, low: Math.max(0, low), high: Math.min(1, high) };
  });
}
