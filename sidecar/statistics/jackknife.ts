import type { Interval } from "./figure.ts";
import { tQuantile } from "./t-distribution.ts";

export interface JackknifeInterval extends Interval {
  /** Standard error. */
  error: number;
  /** Share of the variance that each stratum contributes. */
  varianceOf: ReadonlyMap<string, number>;
}

/**
 * Jackknife interval of a statistic of several samples (Tukey 1958; Arvesen 1969 for more than one sample): the variance is the sum
 * over strata of (n_s - 1)/n_s * sum over the stratum's bases of (theta_without_base - their mean)^2; Student's t with
 * (bases - strata) degrees. A stratum of one base tells nothing of its own spread: its deviation from the estimate counts whole.
 * @param estimate the statistic of all bases.
 * @param without the statistic without base i.
 * @param stratum the sample (or combination of samples) that base i belongs to.
 */
export function jackknife(
  estimate: number,
  without: readonly number[],
  stratum: readonly string[],
  level = 0.95,
): JackknifeInterval {
  const strata = new Map<string, number[]>();
  for (const [i, value] of without.entries()) {
    const name = stratum[i] as string;
    const values = strata.get(name);
    if (values === undefined) strata.set(name, [value]);
    else values.push(value);
  }
  const varianceOf = new Map<string, number>();
  let variance = 0;
  for (const [name, values] of strata) {
    const n = values.length;
    const centre = n === 1 ? estimate : values.reduce((sum, x) => sum + x, 0) / n;
    const squares = values.reduce((sum, x) => sum + (x - centre) ** 2, 0);
    const part = n === 1 ? squares : ((n - 1) / n) * squares;
    varianceOf.set(name, part);
    variance += part;
  }
  const error = Math.sqrt(variance);
  const half = tQuantile(0.5 + level / 2, Math.max(1, without.length - strata.size)) * error;
  return { estimate, low: estimate - half, high: estimate + half, error, varianceOf };
}
