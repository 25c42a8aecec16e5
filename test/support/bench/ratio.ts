/** A ratio of two timings that were taken in turn. */
export interface Ratio {
  /** Median over the pairs. */
  median: number;
  /** Middle half of the pairs. */
  low: number;
  high: number;
  /** Median times in milliseconds. */
  measured: number;
  base: number;
  pairs: number;
}

/**
 * Times two things in turn, so that what else the machine does falls on both, and compares them pair by pair. Each returns its own time in
 * milliseconds; the order within a pair alternates.
 */
export async function interleaved(
  measured: () => Promise<number>,
  base: () => Promise<number>,
  pairs: number,
): Promise<Ratio> {
  await measured();
  await base();
  const times: { measured: number; base: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      const first = await measured();
      times.push({ measured: first, base: await base() });
    } else {
      const first = await base();
      times.push({ base: first, measured: await measured() });
    }
  }
  const ratios = times.map((pair) => pair.measured / pair.base);
  return {
    median: quantile(ratios, 0.5),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
    measured: quantile(
      times.map((pair) => pair.measured),
      0.5,
    ),
    base: quantile(
      times.map((pair) => pair.base),
      0.5,
    ),
    pairs,
  };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}
