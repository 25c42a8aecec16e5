import type { Interval } from "./figure.ts";
import { normalQuantile } from "./normal-distribution.ts";
import { rateInterval } from "./rate-interval.ts";

/** Share of rows on which two labellings agree, with Wilson's interval (n reduced where bases repeat). */
export function accuracy(
  labels: readonly string[],
  predicted: readonly string[],
  base?: readonly string[],
): Interval & { n: number } {
  if (labels.length === 0 || labels.length !== predicted.length) {
    throw new RangeError(`An accuracy needs paired labels, found ${labels.length} and ${predicted.length}.`);
  }
  return rateInterval(
    labels.map((label, i) => label === predicted[i]),
    base ?? labels.map((_, i) => String(i)),
  );
}

/**
 * Cohen's kappa with its large-sample interval (Cohen 1960; Fleiss, Cohen & Everitt 1969).
 * `null` where both use one class only, and chance agreement is certain. The interval is cut at -1 and 1.
 */
export function cohenKappa(
  first: readonly string[],
  second: readonly string[],
  level = 0.95,
): (Interval & { n: number }) | null {
  const n = first.length;
  if (n === 0 || second.length !== n)
    throw new RangeError(`Kappa needs paired labels, found ${n} and ${second.length}.`);
  const classes = [...new Set([...first, ...second])];
  const share = (labels: readonly string[], name: string): number =>
    labels.filter((label) => label === name).length / n;
  const row = new Map(classes.map((name) => [name, share(first, name)]));
  const column = new Map(classes.map((name) => [name, share(second, name)]));
  const observed = first.filter((label, i) => label === second[i]).length / n;
  const chance = classes.reduce((sum, name) => sum + (row.get(name) as number) * (column.get(name) as number), 0);
  if (chance >= 1 - 1e-12) return null;
  const kappa = (observed - chance) / (1 - chance);
  let diagonal = 0;
  let off = 0;
  for (let i = 0; i < n; i++) {
    const [p, q] = [first[i] as string, second[i] as string];
    if (p === q) diagonal += (1 - ((row.get(p) as number) + (column.get(p) as number)) * (1 - kappa)) ** 2 / n;
    else off += ((row.get(q) as number) + (column.get(p) as number)) ** 2 / n;
  }
  const variance = (diagonal + (1 - kappa) ** 2 * off - (kappa - chance * (1 - kappa)) ** 2) / ((1 - chance) ** 2 * n);
  const half = normalQuantile(0.5 + level / 2) * Math.sqrt(Math.max(0, variance));
  return { estimate: kappa, low: Math.max(-1, kappa - half), high: Math.min(1, kappa + half), n };
}
