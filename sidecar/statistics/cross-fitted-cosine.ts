import { type Activations, checkActivations, type DirectionSamples } from "./activations.ts";
import { type JackknifeInterval, jackknife } from "./jackknife.ts";

/** Cosine of two differences in means, freed from the noise of their estimation, and what stands beside it. */
export interface CrossFittedCosine {
  /** `null` where a direction cannot be told from noise (its cross-fitted square is not above zero, with or without any one base). */
  cosine: JackknifeInterval | null;
  /** Cosine of the two noisy means: too small by the root of their reliabilities, too large by a harmless mean they share. */
  plain: JackknifeInterval;
  /** Reliability of each direction's full sample: the share of its square that is not noise. */
  reliability: readonly [JackknifeInterval, JackknifeInterval];
  /** Prompts, and base prompts, that took part. */
  n: number;
  bases: number;
}

/** Sums of a sample by base prompt, centred. */
interface BaseSums {
  /** `[bases, d]`; zero where the base is not in the sample. */
  sums: Float64Array;
  counts: Float64Array;
  total: Float64Array;
  n: number;
}

/** A number computed from all bases, and without each base h. */
interface Block {
  value: number;
  without: Float64Array;
}

/** Of two samples: the mean of x_i . y_j over pairs of different bases, and over all pairs (the product of the plain means). */
interface InnerProducts {
  crossed: Block;
  plain: Block;
}

const SAMPLES = ["positive of the first", "negative of the first", "positive of the second", "negative of the second"];

/**
 * Cross-fitted cosine <A1,B2> / sqrt(<A1,A2> <B1,B2>) of two differences in means, over *all* splits of the base prompts in halves.
 *
 * Averaged over all splits, <A1,B2> is the mean of x_i . y_j over pairs of *different* base prompts, so it is computed in closed form
 * (O(n d)) instead of from a few random splits; numerator and squares are averaged before the ratio, since within one split a square
 * can be negative. Pairs of one base never meet: the noise of a prompt that both directions use (a shared harmless mean, matched
 * prompts) does not count as likeness. What both share in expectation, such as the offset of one harmless set, does.
 * Rows are centred at the mean of the samples' means first, which changes no expectation and keeps large offsets out of the variance.
 *
 * Interval: jackknife over base prompts, stratified by the combination of samples that a base is in. The percentile bootstrap is not used:
 * in high dimension it is biased (duplicated bases meet themselves).
 *
 * @param a, b samples of width d, at one layer; base ids name the same prompt in all of them.
 */
export function crossFittedCosine(a: DirectionSamples, b: DirectionSamples, level = 0.95): CrossFittedCosine {
  const samples = [a.positive, a.negative, b.positive, b.negative];
  const d = a.positive.d;
  for (const [k, sample] of samples.entries()) {
    checkActivations(SAMPLES[k] as string, sample);
    if (sample.d !== d) throw new RangeError(`The samples of a cosine need one width, found ${d} and ${sample.d}.`);
    if (new Set(sample.base).size < 3) {
      throw new RangeError(
        `A cross-fitted cosine needs at least 3 base prompts in every sample, found ${new Set(sample.base).size} in the ${SAMPLES[k]}.`,
      );
    }
  }
  const bases = [...new Set(samples.flatMap((sample) => [...sample.base]))];
  const sums = sumsByBase(samples, bases, d);
  const pairs = samples.map((_, k) =>
    samples.map((__, l) => (l < k ? null : innerProducts(sums[k] as BaseSums, sums[l] as BaseSums, bases.length, d))),
  );
  const inner = (p: number, q: number): InnerProducts => {
    const of = (k: number, l: number): InnerProducts => pairs[Math.min(k, l)]?.[Math.max(k, l)] as InnerProducts;
    const four = [of(p, q), of(p, q + 1), of(p + 1, q), of(p + 1, q + 1)];
    return {
      crossed: combine(
        four.map(({ crossed }) => crossed),
        [1, -1, -1, 1],
      ),
      plain: combine(
        four.map(({ plain }) => plain),
        [1, -1, -1, 1],
      ),
    };
  };
  const [first, second, both] = [inner(0, 0), inner(2, 2), inner(0, 2)];
  const [aa, bb, ab] = [first.crossed, second.crossed, both.crossed];

  const stratum = bases.map((_, h) => sums.map((sum) => ((sum.counts[h] as number) > 0 ? "1" : "0")).join(""));
  const interval = (statistic: (get: (of: Block) => number) => number): JackknifeInterval =>
    jackknife(
      statistic((of) => of.value),
      bases.map((_, h) => statistic((of) => of.without[h] as number)),
      stratum,
      level,
    );
  const cosine = interval((get) => get(ab) / Math.sqrt(get(aa) * (get(aa) > 0 && get(bb) > 0 ? get(bb) : Number.NaN)));
  return {
    cosine: Number.isFinite(cosine.error) && Number.isFinite(cosine.estimate) ? cosine : null,
    plain: interval((get) => get(both.plain) / Math.sqrt(get(first.plain) * get(second.plain))),
    reliability: [interval((get) => get(aa) / get(first.plain)), interval((get) => get(bb) / get(second.plain))],
    n: samples.reduce((total, sample, k) => (samples.indexOf(sample) < k ? total : total + sample.base.length), 0),
    bases: bases.length,
  };
}

function sumsByBase(samples: readonly Activations[], bases: readonly string[], d: number): BaseSums[] {
  const index = new Map(bases.map((id, g) => [id, g]));
  const centre = new Float64Array(d);
  for (const { data, base } of samples) {
    const share = 1 / (samples.length * base.length);
    for (let i = 0; i < data.length; i++) centre[i % d] = (centre[i % d] as number) + share * (data[i] as number);
  }
  return samples.map(({ data, base }) => {
    const sums = new Float64Array(bases.length * d);
    const counts = new Float64Array(bases.length);
    const total = new Float64Array(d);
    for (const [row, id] of base.entries()) {
      const g = index.get(id) as number;
      counts[g] = (counts[g] as number) + 1;
      for (let j = 0; j < d; j++) {
        const x = (data[row * d + j] as number) - (centre[j] as number);
        sums[g * d + j] = (sums[g * d + j] as number) + x;
        total[j] = (total[j] as number) + x;
      }
    }
    return { sums, counts, total, n: base.length };
  });
}

/** sum_j x[xAt + j] * y[yAt + j]. */
function dotAt(x: Float64Array, xAt: number, y: Float64Array, yAt: number, d: number): number {
  let sum = 0;
  for (let j = 0; j < d; j++) sum += (x[xAt + j] as number) * (y[yAt + j] as number);
  return sum;
}

function innerProducts(u: BaseSums, v: BaseSums, bases: number, d: number): InnerProducts {
  const own = new Float64Array(bases);
  const whole = dotAt(u.total, 0, v.total, 0, d);
  let pairs = u.n * v.n;
  let sum = whole;
  for (let h = 0; h < bases; h++) {
    const [m, w] = [u.counts[h] as number, v.counts[h] as number];
    if (m === 0 || w === 0) continue;
    own[h] = dotAt(u.sums, h * d, v.sums, h * d, d);
    sum -= own[h] as number;
    pairs -= m * w;
  }
  const crossed = new Float64Array(bases);
  const plain = new Float64Array(bases);
  for (let h = 0; h < bases; h++) {
    const [m, w] = [u.counts[h] as number, v.counts[h] as number];
    const left = m > 0 ? dotAt(u.sums, h * d, v.total, 0, d) : 0;
    const right = w > 0 ? dotAt(v.sums, h * d, u.total, 0, d) : 0;
    crossed[h] = (sum - left - right + 2 * (own[h] as number)) / (pairs - m * v.n - w * u.n + 2 * m * w);
    plain[h] = (whole - left - right + (own[h] as number)) / ((u.n - m) * (v.n - w));
  }
  return { crossed: { value: sum / pairs, without: crossed }, plain: { value: whole / (u.n * v.n), without: plain } };
}

function combine(blocks: readonly Block[], signs: readonly number[]): Block {
  const first = blocks[0] as Block;
  const without = new Float64Array(first.without.length);
  let value = 0;
  for (const [k, block] of blocks.entries()) {
    const sign = signs[k] as number;
    value += sign * block.value;
    for (let h = 0; h < without.length; h++) without[h] = (without[h] as number) + sign * (block.without[h] as number);
  }
  return { value, without };
}
