import { describe, expect, it } from "vitest";
import { accuracy, cohenKappa } from "../../../sidecar/statistics/agreement.ts";
import { centredWithin, partialCorrelation, pearson, spearman } from "../../../sidecar/statistics/correlation.ts";
import { entropy, excessKurtosis } from "../../../sidecar/statistics/distribution-shape.ts";
import { factorial } from "../../../sidecar/statistics/factorial.ts";
import { kendallW } from "../../../sidecar/statistics/kendall-w.ts";
import { klDivergence } from "../../../sidecar/statistics/kl-divergence.ts";
import { adjustedRand, normalisedMutualInformation } from "../../../sidecar/statistics/partition-agreement.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";
import { ranks } from "../../../sidecar/statistics/ranks.ts";
import { logSoftmax, logSumExp, softmax } from "../../../sidecar/statistics/softmax.ts";
import { golden } from "./golden.ts";

interface Agreement {
  labels: { first: string[]; second: string[] };
  kappa: [number, number, number];
  adjustedRand: number;
  normalisedMutualInformation: number;
  correlation: {
    x: number[];
    y: number[];
    z: number[];
    w: number[];
    pearson: number;
    spearman: number;
    partial: number;
    ranks: number[];
  };
  kendallW: { scorers: number[][]; expected: number };
  distribution: {
    logits: [number[], number[]];
    softmax: number[];
    logSumExp: number;
    kl: number;
    entropy: number;
    excessKurtosis: number;
  };
}

interface Factorial {
  base: string[];
  who: string[];
  place: string[];
  y: number[];
  mean: number;
  adult: number;
  child: number;
  home: number;
  childAtHome: number;
}

const values = golden<Agreement>("agreement");

describe("agreement", () => {
  const { first, second } = values.labels;

  it("gives statsmodels' kappa with its interval, and an accuracy with Wilson's", () => {
    const kappa = cohenKappa(first, second);
    expect(kappa?.estimate).toBeCloseTo(values.kappa[0], 12);
    expect(kappa?.low).toBeCloseTo(values.kappa[1], 10);
    expect(kappa?.high).toBeCloseTo(values.kappa[2], 10);
    const share = first.filter((label, i) => label === second[i]).length / first.length;
    expect(accuracy(first, second).estimate).toBeCloseTo(share, 12);
  });

  it("gives no kappa where chance agreement is certain", () => {
    expect(cohenKappa(["a", "a"], ["a", "a"])).toBeNull();
  });

  it("gives scikit-learn's adjusted Rand index and normalised mutual information", () => {
    expect(adjustedRand(first, second)).toBeCloseTo(values.adjustedRand, 12);
    expect(normalisedMutualInformation(first, second)).toBeCloseTo(values.normalisedMutualInformation, 12);
    expect(adjustedRand([0, 0, 1, 1], ["b", "b", "a", "a"])).toBe(1);
    expect(adjustedRand([0, 0, 0], [1, 1, 1])).toBe(1);
    expect(normalisedMutualInformation([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(0, 12);
  });

  it("gives Kendall's W as the Friedman statistic implies it, with ties", () => {
    expect(kendallW(values.kendallW.scorers)).toBeCloseTo(values.kendallW.expected, 12);
    expect(
      kendallW([
        [1, 2, 3],
        [10, 20, 30],
      ]),
    ).toBe(1);
    expect(
      kendallW([
        [1, 1],
        [2, 2],
      ]),
    ).toBeNaN();
  });
});

describe("correlation", () => {
  const { x, y, z, w, ...expected } = values.correlation;

  it("gives SciPy's Pearson and Spearman correlations and ranks, with ties", () => {
    expect(pearson(x, y)).toBeCloseTo(expected.pearson, 12);
    expect(spearman(x, y)).toBeCloseTo(expected.spearman, 12);
    expect([...ranks(x)]).toEqual(expected.ranks);
  });

  it("gives the partial correlation of regression residuals, with doubled controls too", () => {
    expect(partialCorrelation(x, y, [z, w])).toBeCloseTo(expected.partial, 10);
    expect(partialCorrelation(x, y, [z, w, z])).toBeCloseTo(expected.partial, 10);
    expect(partialCorrelation(x, y, [x])).toBeNaN();
  });

  it("centres within prompts, so that differences between prompts do not correlate", () => {
    const prompt = ["a", "a", "b", "b"];
    const refusal = centredWithin([0, 1, 10, 11], prompt);
    const reward = centredWithin([1, 0, 21, 20], prompt);
    expect(pearson([0, 1, 10, 11], [1, 0, 21, 20])).toBeGreaterThan(0.9);
    expect(pearson(refusal, reward)).toBeCloseTo(-1, 12);
  });

  it("says nothing of a constant", () => {
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(() => pearson([1, 2], [1])).toThrow(/paired values, found 2 and 1/);
  });
});

describe("distributions over tokens", () => {
  const { logits, ...expected } = values.distribution;

  it("gives SciPy's softmax, divergence, entropy and kurtosis", () => {
    for (const [i, p] of softmax(logits[0]).entries()) expect(p).toBeCloseTo(expected.softmax[i] as number, 12);
    expect(logSumExp(logits[0])).toBeCloseTo(expected.logSumExp, 12);
    expect(klDivergence(logSoftmax(logits[0]), logSoftmax(logits[1]))).toBeCloseTo(expected.kl, 12);
    expect(entropy(softmax(logits[0]))).toBeCloseTo(expected.entropy, 12);
    expect(excessKurtosis(logits[0])).toBeCloseTo(expected.excessKurtosis, 12);
  });

  it("does not overflow, leaves a slightly negative divergence as it is, and says infinite where q is 0", () => {
    expect(softmax([1000, 1000])[0]).toBeCloseTo(0.5, 12);
    expect(logSumExp([-Infinity, -Infinity])).toBe(-Infinity);
    expect(klDivergence([Math.log(0.5), Math.log(0.5)], [Math.log(0.5) + 1e-7, Math.log(0.5) + 1e-7])).toBeLessThan(0);
    expect(klDivergence([0, -Infinity], [-Infinity, 0])).toBe(Infinity);
    expect(klDivergence([-Infinity, 0], [-Infinity, 0])).toBe(0);
  });
});

describe("factorial", () => {
  const { base, who, place, y, ...expected } = golden<Factorial>("factorial");
  const result = factorial({ who, place }, y, base, { random: seeded(7), replicates: 400 });
  const effect = (...levels: string[]) => result.effects.find((one) => one.levels.join() === levels.join());

  it("gives statsmodels' effect-coded main effects and interactions with unequal cells", () => {
    expect(result.mean).toBeCloseTo(expected.mean, 10);
    expect(effect("adult")?.estimate).toBeCloseTo(expected.adult, 10);
    expect(effect("child")?.estimate).toBeCloseTo(expected.child, 10);
    expect(effect("home")?.estimate).toBeCloseTo(expected.home, 10);
    expect(effect("child", "home")?.estimate).toBeCloseTo(expected.childAtHome, 10);
  });

  it("makes the effects of a factor add up to zero, last level included", () => {
    const sum = ["adult", "child", "expert"].reduce((total, name) => total + (effect(name)?.estimate ?? Number.NaN), 0);
    expect(sum).toBeCloseTo(0, 12);
  });

  it("has intervals that hold the planted effect of the child (.8 + .25, less the mean of three personas: .70)", () => {
    expect(effect("child")?.low).toBeLessThan(0.7);
    expect(effect("child")?.high).toBeGreaterThan(0.7);
    expect(effect("child")?.low).toBeGreaterThan(0);
    expect(effect("child")?.n).toBe(who.filter((value) => value === "child").length);
  });

  it("refuses empty cells and factors of one level by name", () => {
    expect(() => factorial({ a: ["x", "x"], b: ["p", "q"] }, [1, 2], ["1", "2"], { random: seeded(1) })).toThrow(
      /factor a needs at least two levels, found 1/,
    );
    expect(() => factorial({ a: ["x", "y"], b: ["p", "q"] }, [1, 2], ["1", "2"], { random: seeded(1) })).toThrow(
      /empty cells/,
    );
  });
});
