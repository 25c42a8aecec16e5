import { describe, expect, it } from "vitest";
import { auc, aucInterval, dPrime } from "../../../sidecar/statistics/auc.ts";
import { effectiveN } from "../../../sidecar/statistics/design-effect.ts";
import { holm } from "../../../sidecar/statistics/holm.ts";
import { normalCdf, normalQuantile } from "../../../sidecar/statistics/normal-distribution.ts";
import {
  contrastLimits,
  contrastPAbove,
  contrastTable,
  newcombePaired,
  pairedContrast,
} from "../../../sidecar/statistics/paired-contrast.ts";
import { quantile } from "../../../sidecar/statistics/quantile.ts";
import { rateInterval } from "../../../sidecar/statistics/rate-interval.ts";
import { tCdf, tQuantile } from "../../../sidecar/statistics/t-distribution.ts";
import { tostPaired, withinBounds } from "../../../sidecar/statistics/tost.ts";
import { wilson } from "../../../sidecar/statistics/wilson.ts";
import { golden } from "./golden.ts";

interface Distributions {
  normalQuantile: [number, number][];
  normalCdf: [number, number][];
  tCdf: [number, number, number][];
  tQuantile: [number, number, number][];
}

interface Intervals {
  wilson: [number, number, number, number, number][];
  newcombe: { table: [number, number, number, number]; level: number; interval: [number, number, number] }[];
  holm: { p: number[]; adjusted: number[] };
  tost: { differences: number[]; low: number; high: number; p: number };
  quantile: { values: number[]; at: number[]; expected: number[] };
  designEffect: { values: number[]; base: string[]; effective: number };
  auc: { scores: number[]; positive: number[]; auc: [number, number, number]; dPrime: number }[];
}

/** Paired outcomes with the counts (both, first only, second only, neither). */
function paired([both, first, second, neither]: readonly [number, number, number, number]): [boolean[], boolean[]] {
  const of = (pairs: [number, boolean][]): boolean[] =>
    pairs.flatMap(([count, value]) => new Array<boolean>(count).fill(value));
  return [
    of([
      [both + first, true],
      [second + neither, false],
    ]),
    of([
      [both, true],
      [first, false],
      [second, true],
      [neither, false],
    ]),
  ];
}

const own = (n: number): string[] => Array.from({ length: n }, (_, i) => `base ${i}`);

describe("distributions against SciPy", () => {
  const values = golden<Distributions>("distributions");

  it("gives the normal's quantiles and probabilities, far into both tails", () => {
    for (const [p, z] of values.normalQuantile) expect(normalQuantile(p)).toBeCloseTo(z, 7);
    for (const [z, p] of values.normalCdf) expect(normalCdf(z) / p).toBeCloseTo(1, 9);
  });

  it("gives Student's t probabilities and quantiles from 1 to 200 degrees", () => {
    for (const [t, df, p] of values.tCdf) expect(tCdf(t, df)).toBeCloseTo(p, 11);
    for (const [p, df, t] of values.tQuantile) expect(tQuantile(p, df)).toBeCloseTo(t, 8);
  });

  it("refuses a probability outside 0 and 1", () => {
    expect(() => normalQuantile(1.2)).toThrow(/between 0 and 1/);
  });
});

describe("intervals of rates", () => {
  const values = golden<Intervals>("intervals");

  it("gives statsmodels' Wilson intervals, also where all outcomes are alike", () => {
    for (const [k, n, level, low, high] of values.wilson) {
      const interval = wilson(k, n, level);
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });

  it("gives the published example of Newcombe's method 10 (36, 12, 2, 0: 0.0569 to 0.3404)", () => {
    const { estimate, low, high } = newcombePaired(...paired([36, 12, 2, 0]), own(50));
    expect(estimate).toBeCloseTo(0.2, 12);
    expect(low).toBeCloseTo(0.0569, 4);
    expect(high).toBeCloseTo(0.3404, 4);
  });

  it("gives Newcombe's method 10 for tables with empty cells and at other levels", () => {
    for (const { table, level, interval } of values.newcombe) {
      const found = newcombePaired(...paired(table), own(table.reduce((sum, x) => sum + x, 0)), level);
      for (const [k, key] of (["estimate", "low", "high"] as const).entries()) {
        expect(found[key]).toBeCloseTo(interval[k] as number, 12);
      }
    }
  });

  it("never collapses to a point where three of three lose their refusal", () => {
    const { low, high } = newcombePaired([true, true, true], [false, false, false], own(3));
    expect(high).toBe(1);
    expect(low).toBeLessThan(0.5);
  });

  it("is wider where prompts repeat a base, down to the number of bases where variants agree", () => {
    const before = new Array<boolean>(40).fill(true);
    const after = Array.from({ length: 40 }, (_, i) => i < 20);
    const separate = newcombePaired(before, after, own(40));
    const variants = newcombePaired(
      before,
      after,
      before.map((_, i) => `base ${Math.floor(i / 4)}`),
    );
    const tenBases = newcombePaired(before.slice(0, 10), after.slice(15, 25), own(10));
    expect(variants.estimate).toBe(separate.estimate);
    expect(variants.high - variants.low).toBeGreaterThan(1.5 * (separate.high - separate.low));
    expect(variants.low).toBeCloseTo(tenBases.low, 12);
  });

  it("estimates the effective n by the analysis of variance", () => {
    const { values: outcomes, base, effective } = values.designEffect;
    expect(effectiveN(outcomes, base)).toBeCloseTo(effective, 10);
    expect(effectiveN([1, 1, 1, 1], ["a", "a", "b", "b"])).toBe(2);
    expect(rateInterval([true, true, true, true], ["a", "a", "b", "b"]).low).toBeCloseTo(wilson(2, 2).low, 12);
  });

  it("covers a contrast of three rates (a cross-effect less a share of the own effect) about as often as it says", () => {
    // baseline .95, own .1, other .9; paired by a shared draw. Truth of (baseline - other) - .2 (baseline - own).
    const truth = 0.05 - 0.2 * 0.85;
    let missed = 0;
    const studies = 400;
    let state = 12345;
    const draw = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    for (let s = 0; s < studies; s++) {
      const rows = Array.from({ length: 48 }, () => [draw(), draw()] as const);
      const columns = [rows.map(([u]) => u < 0.95), rows.map(([u]) => u < 0.9), rows.map(([, v]) => v < 0.1)];
      const { low, high } = pairedContrast(columns, [0.8, -1, 0.2], own(48));
      if (truth < low || truth > high) missed++;
    }
    expect(missed / studies).toBeLessThan(0.07);
  });

  it("narrows as prompts are added at the same rates, and its p-value is the error at which the limit clears 0", () => {
    const table = contrastTable(paired([20, 12, 2, 16]), [1, -1], own(50));
    expect(contrastLimits(table, 1.96, 4).high).toBeLessThan(contrastLimits(table, 1.96).high);
    const p = contrastPAbove(table);
    expect(contrastLimits(table, normalQuantile(1 - p)).low).toBeCloseTo(0, 6);
    expect(contrastPAbove(contrastTable(paired([20, 2, 12, 16]), [1, -1], own(50)))).toBe(1);
  });

  it("refuses outcomes that are not paired", () => {
    expect(() => pairedContrast([[true], [true, false]], [1, -1], ["a"])).toThrow(/1 rows in every column, found 2/);
    expect(() => pairedContrast([[], []], [1, -1], [])).toThrow(/at least one prompt/);
  });
});

describe("tests and areas", () => {
  const values = golden<Intervals>("intervals");

  it("adjusts by Holm as statsmodels does", () => {
    for (const [i, p] of holm(values.holm.p).entries()) expect(p).toBeCloseTo(values.holm.adjusted[i] as number, 12);
  });

  it("gives statsmodels' p-value of two one-sided tests", () => {
    const { differences, low, high, p } = values.tost;
    expect(tostPaired(differences, { low, high })).toBeCloseTo(p, 10);
    expect(tostPaired([0.1], { low, high })).toBe(1);
    expect(withinBounds({ low: -0.1, high: 0.1 }, { low: -0.2, high: 0.2 })).toBe(true);
    expect(withinBounds({ low: -0.3, high: 0.1 }, { low: -0.2, high: 0.2 })).toBe(false);
  });

  it("takes quantiles as NumPy does", () => {
    const { values: sorted, at, expected } = values.quantile;
    for (const [i, p] of at.entries()) expect(quantile(sorted, p)).toBeCloseTo(expected[i] as number, 12);
  });

  it("gives scikit-learn's AUC with Newcombe's interval, which does not collapse at 1, and d'", () => {
    for (const { scores, positive, auc: interval, dPrime: expected } of values.auc) {
      const labels = positive.map(Boolean);
      const found = aucInterval(scores, labels);
      expect(found.estimate).toBeCloseTo(interval[0], 12);
      expect(found.low).toBeCloseTo(interval[1], 8);
      expect(found.high).toBeCloseTo(interval[2], 8);
      expect(dPrime(scores, labels)).toBeCloseTo(expected, 10);
    }
    expect(aucInterval([1, 2, 3, 4], [false, false, true, true]).low).toBeLessThan(0.9);
    expect(auc([1, 2], [true, true])).toBeNaN();
  });
});
