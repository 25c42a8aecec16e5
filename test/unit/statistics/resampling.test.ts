import { describe, expect, it } from "vitest";
import { auc } from "../../../sidecar/statistics/auc.ts";
import { bootstrap } from "../../../sidecar/statistics/bootstrap.ts";
import { jackknife } from "../../../sidecar/statistics/jackknife.ts";
import { labelPermutation } from "../../../sidecar/statistics/label-permutation.ts";
import { effectOnset, fullEffectLayers, layerLag, readingOnset } from "../../../sidecar/statistics/onset.ts";
import { type Random, seeded, shuffle } from "../../../sidecar/statistics/random.ts";

const meanOf = (values: readonly number[]) => (rows: readonly number[]) =>
  rows.reduce((sum, row) => sum + (values[row] as number), 0) / rows.length;

describe("seeded random numbers", () => {
  const draws = (random: Random): number[] => [random.uniform(), random.normal(), random.below(1000)];

  it("repeat with the seed and differ between labels of one seed", () => {
    expect(draws(seeded(7, "a"))).toEqual(draws(seeded(7, "a")));
    expect(draws(seeded(7, "a"))).not.toEqual(draws(seeded(7, "b")));
    expect(draws(seeded(7))).not.toEqual(draws(seeded(8)));
  });

  it("have the moments of a uniform and of a normal", () => {
    const random = seeded(1);
    const normal = Array.from({ length: 20000 }, () => random.normal());
    const square = normal.reduce((sum, x) => sum + x * x, 0) / 20000;
    const fourth = normal.reduce((sum, x) => sum + x ** 4, 0) / 20000;
    expect(Math.abs(normal.reduce((sum, x) => sum + x, 0) / 20000)).toBeLessThan(0.03);
    expect(square).toBeCloseTo(1, 1);
    expect(Math.abs(fourth - 3)).toBeLessThan(0.25);
    const uniform = Array.from({ length: 20000 }, () => random.uniform());
    expect(uniform.reduce((sum, x) => sum + x, 0) / 20000).toBeCloseTo(0.5, 1);
  });

  it("shuffle without losing anything", () => {
    expect(shuffle([1, 2, 3, 4, 5], seeded(2)).sort()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("bootstrap over base prompts", () => {
  const random = seeded(5);
  const values = Array.from({ length: 60 }, () => random.normal());
  const base = values.map((_, i) => `base ${i}`);

  it("gives the normal interval of a mean, and repeats with its seed", () => {
    const once = bootstrap(base, meanOf(values), { random: seeded(1) });
    const spread = Math.sqrt(
      values.reduce((sum, x) => sum + (x - once.estimate) ** 2, 0) / values.length / values.length,
    );
    expect(once.error / spread).toBeGreaterThan(0.93);
    expect(once.error / spread).toBeLessThan(1.07);
    expect(once.low).toBeCloseTo(once.estimate - 1.96 * spread, 1);
    expect(bootstrap(base, meanOf(values), { random: seeded(1) })).toEqual(once);
  });

  it("keeps the variants of a base together", () => {
    const variants = base.map((_, i) => `base ${Math.floor(i / 6)}`);
    const clustered = values.map((_, i) => values[Math.floor(i / 6)] as number);
    const apart = bootstrap(base, meanOf(clustered), { random: seeded(1), replicates: 500 });
    const together = bootstrap(variants, meanOf(clustered), { random: seeded(1), replicates: 500 });
    expect(together.error / apart.error).toBeGreaterThan(1.8);
    expect(together.bases).toBe(10);
  });

  it("says when it collapsed to a point and when replicates were undefined", () => {
    expect(bootstrap(["a", "b", "c"], () => 1, { random: seeded(1) }).collapsed).toBe(true);
    const sometimes = bootstrap(base, (rows) => (rows[0] === rows[1] ? Number.NaN : 1), { random: seeded(1) });
    expect(sometimes.undefinedReplicates).toBeGreaterThan(0);
    expect(() => bootstrap([], () => 1, { random: seeded(1) })).toThrow(/at least one row/);
  });
});

describe("jackknife", () => {
  it("gives the textbook error of a mean, and adds the errors of two samples", () => {
    const first = [1, 2, 4, 7];
    const second = [0, 3, 9];
    const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
    const square = (values: readonly number[]): number =>
      values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1) / values.length;
    const without = (values: readonly number[]): number[] =>
      values.map((_, i) => mean(values.filter((__, j) => j !== i)));
    const one = jackknife(
      mean(first),
      without(first),
      first.map(() => "first"),
    );
    expect(one.error).toBeCloseTo(Math.sqrt(square(first)), 12);
    const difference = jackknife(
      mean(first) - mean(second),
      [...without(first).map((x) => x - mean(second)), ...without(second).map((x) => mean(first) - x)],
      [...first.map(() => "first"), ...second.map(() => "second")],
    );
    expect(difference.error).toBeCloseTo(Math.sqrt(square(first) + square(second)), 12);
  });
});

describe("label permutation", () => {
  const random = seeded(3);
  const labels = Array.from({ length: 40 }, (_, i) => i < 20);
  const base = labels.map((_, i) => `base ${i}`);

  it("finds a difference that is there and none that is not", () => {
    const scores = labels.map((yes) => (yes ? 1.5 : 0) + random.normal());
    const noise = labels.map(() => random.normal());
    const there = labelPermutation(labels, base, (l) => auc(scores, l), { random });
    expect(there.p).toBeLessThan(0.01);
    expect(there.estimate).toBeGreaterThan(there.high);
    expect(there.mean).toBeCloseTo(0.5, 1);
    expect(labelPermutation(labels, base, (l) => auc(noise, l), { random }).p).toBeGreaterThan(0.05);
  });

  it("permutes within matched pairs, where the pair's own level must not count", () => {
    const pairs = labels.map((_, i) => `pair ${i % 20}`);
    const scores = labels.map((yes, i) => 10 * (i % 20) + (yes ? 1 : 0));
    const unpaired = labelPermutation(labels, base, (l) => auc(scores, l), { random });
    const paired = labelPermutation(labels, pairs, (l) => auc(scores, l), { random });
    expect(unpaired.p).toBeGreaterThan(0.2);
    expect(paired.p).toBeLessThan(0.01);
  });
});

describe("onset of reading and of effect", () => {
  it("takes the first layer near the largest AUC, and the first with nearly the whole effect", () => {
    const layers = [0, 2, 4, 6];
    expect(readingOnset([0.5, 0.97, 0.98, 0.985], layers)).toBe(2);
    expect(readingOnset([Number.NaN, Number.NaN], [0, 1])).toBeNull();
    expect(effectOnset([0, 0.3, 0.88, 0.95], layers)).toBe(4);
    expect(fullEffectLayers([0, 0.3, 0.9, 0.95], layers)).toEqual([4, 6]);
    expect(effectOnset([0, 0, 0, 0], layers)).toBeNull();
  });

  it("gives the lag an interval over base prompts that holds the planted one", () => {
    const random = seeded(9);
    const layers = [0, 1, 2, 3, 4, 5];
    const n = 48;
    const positive = Array.from({ length: n }, (_, i) => i < n / 2);
    const lag = layerLag(
      {
        readLayers: layers,
        effectLayers: layers,
        scores: layers.map((layer) => positive.map((yes) => (yes && layer >= 1 ? 6 : 0) + random.normal())),
        positive,
        scoreBase: positive.map((_, i) => `base ${i}`),
        baseline: new Array<boolean>(24).fill(true),
        edited: layers.map((layer) => Array.from({ length: 24 }, () => random.uniform() > (layer >= 3 ? 0.99 : 0.1))),
        effectBase: Array.from({ length: 24 }, (_, i) => `base ${i}`),
      },
      seeded(1),
      300,
    );
    expect(lag?.reading.estimate).toBe(1);
    expect(lag?.effect.estimate).toBe(3);
    expect(lag?.lag.low).toBeGreaterThan(0);
    expect(lag?.lag.low).toBeLessThanOrEqual(2);
    expect(lag?.lag.high).toBeGreaterThanOrEqual(2);
  });
});
