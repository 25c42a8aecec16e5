import { describe, expect, it } from "vitest";
import { differenceInMeans } from "../../../sidecar/statistics/activations.ts";
import { commonAndPrivate, commonCandidates } from "../../../sidecar/statistics/common-and-private.ts";
import { covarianceMatchedDirection, effectiveDimension } from "../../../sidecar/statistics/covariance-null.ts";
import { crossFittedCosine } from "../../../sidecar/statistics/cross-fitted-cosine.ts";
import { participationRatio, singularShares } from "../../../sidecar/statistics/effective-rank.ts";
import { erase, fitLeace } from "../../../sidecar/statistics/leace.ts";
import { orthonormalBasis } from "../../../sidecar/statistics/orthonormal-basis.ts";
import { principalAngles } from "../../../sidecar/statistics/principal-angles.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";
import { privatePart, sharedPart, spanMinus } from "../../../sidecar/statistics/subspace.ts";
import { cosine, dot, norm } from "../../../sidecar/statistics/vectors.ts";
import { activationsOf, golden } from "./golden.ts";

interface Geometry {
  principalAngles: { a: number[][]; b: number[][]; angles: number[] };
  participationRatio: { directions: number[][]; expected: number };
  singularShares: { rows: number[][]; expected: number[] };
  crossFitted: { sets: [number[][], number[][], number[][], number[][]]; pairs: number; splits: number };
  effectiveDimension: { data: number[][]; expected: number };
  leace: { x: number[][]; labels: number[]; erased: number[][] }[];
}

const values = golden<Geometry>("geometry");

/** Samples of two directions with a known cosine under noise; `shared` gives both the same negative set. */
function noisyPair(seed: number, n: [number, number], noise: number, trueCosine: number, d = 96, shared = false) {
  const random = seeded(seed, "noisy pair");
  const sample = (size: number, name: string, mean: (j: number) => number) =>
    activationsOf(
      Array.from({ length: size }, () => Array.from({ length: d }, (_, j) => mean(j) + noise * random.normal())),
      Array.from({ length: size }, (_, i) => `${name}${i}`),
    );
  const negative = sample(n[0], "na", () => 0);
  const a = { positive: sample(n[0], "pa", (j) => (j === 0 ? 1 : 0)), negative };
  const sine = Math.sqrt(1 - trueCosine ** 2);
  const b = {
    positive: sample(n[1], "pb", (j) => (j === 0 ? trueCosine : j === 1 ? sine : 0)),
    negative: shared ? negative : sample(n[1], "nb", () => 0),
  };
  return { a, b };
}

describe("cross-fitted cosine", () => {
  const [pa, na, pb, nb] = values.crossFitted.sets.map((set, k) =>
    activationsOf(
      set,
      set.map((_, i) => `${k}-${i}`),
    ),
  ) as [
    ReturnType<typeof activationsOf>,
    ReturnType<typeof activationsOf>,
    ReturnType<typeof activationsOf>,
    ReturnType<typeof activationsOf>,
  ];

  it("equals the mean over pairs of different prompts, and 40,000 random half splits to their precision", () => {
    const { cosine: found } = crossFittedCosine({ positive: pa, negative: na }, { positive: pb, negative: nb });
    expect(found?.estimate).toBeCloseTo(values.crossFitted.pairs, 10);
    expect(found?.estimate).toBeCloseTo(values.crossFitted.splits, 1);
    expect(Math.abs((found?.estimate ?? 0) - values.crossFitted.splits)).toBeLessThan(0.02);
  });

  it("frees the cosine from noise of unequal size, where the plain one is far too small", () => {
    const { a, b } = noisyPair(1, [24, 200], 0.4, 0.8);
    const found = crossFittedCosine(a, b);
    expect(found.plain.estimate).toBeLessThan(0.65);
    expect(found.cosine?.low).toBeLessThan(0.8);
    expect(found.cosine?.high).toBeGreaterThan(0.8);
    expect(found.reliability[0].estimate).toBeLessThan(found.reliability[1].estimate);
  });

  it("does not take the shared noise of one harmless mean for likeness", () => {
    const studies = Array.from({ length: 20 }, (_, seed) => {
      const { a, b } = noisyPair(100 + seed, [30, 30], 0.3, 0, 96, true);
      const { cosine: fitted, plain } = crossFittedCosine(a, b);
      return { fitted: fitted?.estimate ?? 0, plain: plain.estimate };
    });
    const mean = (of: "fitted" | "plain"): number => studies.reduce((sum, study) => sum + study[of] / 20, 0);
    expect(mean("plain")).toBeGreaterThan(0.15);
    expect(Math.abs(mean("fitted"))).toBeLessThan(0.08);
  });

  it("covers the truth in at least 90 of 100 samples, with unequal reliabilities", () => {
    let covered = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { a, b } = noisyPair(1000 + seed, [20, 80], 0.25, 0.6, 48);
      const { cosine: found } = crossFittedCosine(a, b);
      if (found !== null && found.low <= 0.6 && found.high >= 0.6) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(90);
  });

  it("treats variants of one base prompt as one", () => {
    const { a, b } = noisyPair(3, [20, 20], 0.2, 0.5);
    const twice = (sample: typeof a.positive) => ({
      ...sample,
      data: Float64Array.from([...sample.data, ...sample.data]),
      base: [...sample.base, ...sample.base],
    });
    const once = crossFittedCosine(a, b);
    const doubled = crossFittedCosine(
      { positive: twice(a.positive), negative: twice(a.negative) },
      { positive: twice(b.positive), negative: twice(b.negative) },
    );
    expect(doubled.cosine?.estimate).toBeCloseTo(once.cosine?.estimate ?? 0, 10);
    expect(doubled.cosine?.low).toBeCloseTo(once.cosine?.low ?? 0, 10);
  });

  it("gives no cosine of a direction that is noise", () => {
    const { a, b } = noisyPair(4, [10, 10], 0.5, 0.5);
    const noise = { positive: a.negative, negative: b.negative };
    const { cosine: found, reliability } = crossFittedCosine(noise, b);
    expect(found === null || !(reliability[0].low > 0)).toBe(true);
  });

  it("refuses NaN, wrong widths and samples of two prompts by name", () => {
    const bad = activationsOf([
      [1, Number.NaN],
      [1, 2],
      [2, 1],
    ]);
    expect(() => crossFittedCosine({ positive: bad, negative: bad }, { positive: bad, negative: bad })).toThrow(
      /positive of the first: prompt 0 has the activation NaN at dimension 1/,
    );
    const two = activationsOf([
      [1, 2],
      [2, 1],
    ]);
    expect(() => crossFittedCosine({ positive: two, negative: two }, { positive: two, negative: two })).toThrow(
      /at least 3 base prompts/,
    );
  });
});

describe("subspaces", () => {
  it("gives SciPy's principal angles", () => {
    const { a, b, angles } = values.principalAngles;
    const found = principalAngles(a, b);
    for (const [k, angle] of angles.entries()) expect(found.angles[k]).toBeCloseTo(angle, 10);
    for (const [k, c] of found.cosines.entries()) {
      expect(dot(found.vectorsA[k] as Float64Array, found.vectorsB[k] as Float64Array)).toBeCloseTo(c, 10);
      expect(norm(found.vectorsA[k] as Float64Array)).toBeCloseTo(1, 10);
    }
  });

  it("gives the participation ratio and the shares of singular values that NumPy gives", () => {
    expect(participationRatio(values.participationRatio.directions)).toBeCloseTo(
      values.participationRatio.expected,
      10,
    );
    for (const [k, share] of singularShares(values.singularShares.rows).entries()) {
      expect(share).toBeCloseTo(values.singularShares.expected[k] as number, 10);
    }
  });

  it("drops rows that add nothing from a basis", () => {
    const basis = orthonormalBasis([
      [1, 0, 0],
      [2, 0, 0],
      [1, 1e-9, 0],
      [1, 1, 0],
    ]);
    expect(basis).toHaveLength(2);
    expect(Math.abs(dot(basis[0] as Float64Array, basis[1] as Float64Array))).toBeLessThan(1e-12);
  });

  it("composes a span without others, a shared and a private part", () => {
    const e = (j: number): number[] => Array.from({ length: 6 }, (_, k) => (k === j ? 1 : 0));
    expect(spanMinus([e(0), e(1)], [e(1)])).toHaveLength(1);
    expect(Math.abs(spanMinus([e(0), [1, 1, 0, 0, 0, 0]], [e(1)])[0]?.[0] ?? 0)).toBeCloseTo(1, 12);
    expect(spanMinus([e(1)], [e(1), e(2)])).toHaveLength(0);
    const a = [e(0), e(1)];
    const b = [[0.95, 0, 0.3, 0, 0, 0], e(3)];
    expect(sharedPart(a, b, 0.8)).toHaveLength(1);
    const rest = privatePart(a, b, 0.8);
    expect(rest).toHaveLength(1);
    expect(Math.abs((rest[0] as Float64Array)[1] as number)).toBeCloseTo(1, 10);
    expect(sharedPart([e(0)], [e(1)], 0.8)).toHaveLength(0);
  });
});

describe("common and private parts", () => {
  const ablate = (x: readonly number[], v: Float64Array): number[] => {
    const along = dot(x, v);
    return x.map((value, j) => value - along * (v[j] as number));
  };

  it("holds one cause whole in the common part and none of it in the private line, whatever the private sizes", () => {
    const a = [1, 0.5, 0];
    const b = [1, 0, 3];
    const { common, private: rest } = commonAndPrivate(a, b, 1);
    for (const x of [a, b]) {
      expect(ablate(x, common)[0]).toBeCloseTo(0, 12);
      expect(ablate(x, rest as Float64Array)[0]).toBeCloseTo(1, 12);
    }
    const bisector = commonAndPrivate(a, b, norm(a) / norm(b)).common;
    expect(ablate(a, bisector)[0]).toBeGreaterThan(0.25);
  });

  it("removes shares of two separate knobs that add up to one, at every weight, also under a shared inert shape", () => {
    for (const inert of [0, 1.6]) {
      const a = [1, 0, inert];
      const b = [0, 0.7, inert];
      for (const { common } of commonCandidates(a, b)) {
        const removed = 1 - (ablate(a, common)[0] as number) + (1 - (ablate(b, common)[1] as number) / 0.7);
        expect(removed).toBeCloseTo(1, 10);
      }
    }
  });

  it("has no private part where directions coincide, and no candidate where they are opposite", () => {
    expect(commonCandidates([1, 2], [2, 4])).toEqual([expect.objectContaining({ private: null })]);
    expect(commonCandidates([1, 2], [-1, -2])).toEqual([]);
    expect(() => commonAndPrivate([1, 0], [0, 1], 0)).toThrow(/above 0/);
  });
});

describe("controls and erasure", () => {
  it("corrects the effective dimension for sampling", () => {
    const { data, expected } = values.effectiveDimension;
    expect(effectiveDimension(activationsOf(data))).toBeCloseTo(expected, 9);
  });

  it("draws directions with the data's covariance, whose cosines spread as 1/sqrt(d_eff)", () => {
    const random = seeded(8, "null");
    const data = activationsOf(
      Array.from({ length: 400 }, () => Array.from({ length: 30 }, (_, j) => random.normal() * (j < 6 ? 3 : 0.5))),
    );
    const squares = Array.from({ length: 400 }, () =>
      cosine(covarianceMatchedDirection(data, random), covarianceMatchedDirection(data, random)),
    ).map((c) => c * c);
    const spread = Math.sqrt(squares.reduce((sum, c) => sum + c, 0) / squares.length);
    expect(spread * Math.sqrt(effectiveDimension(data))).toBeGreaterThan(0.85);
    expect(spread * Math.sqrt(effectiveDimension(data))).toBeLessThan(1.15);
  });

  it("erases as the authors' LEACE does, with more rows than dimensions and with fewer", () => {
    for (const { x, labels, erased } of values.leace) {
      const found = erase(fitLeace(activationsOf(x), labels), activationsOf(x));
      for (const [i, value] of erased.flat().entries()) expect(found.data[i]).toBeCloseTo(value, 6);
    }
  });

  it("takes means in float64 and gives their difference", () => {
    const positive = activationsOf([
      [1, 2],
      [3, 6],
    ]);
    const negative = activationsOf([[1, 1]]);
    expect([...differenceInMeans({ positive, negative })]).toEqual([1, 3]);
    expect(() => differenceInMeans({ positive, negative: activationsOf([[1]]) })).toThrow(/one width, found 2 and 1/);
  });
});
