import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { cluster } from "../../../sidecar/statistics/clusters.ts";
import { groupedFolds } from "../../../sidecar/statistics/grouped-folds.ts";
import { erase, fitLeace } from "../../../sidecar/statistics/leace.ts";
import { logisticRegression } from "../../../sidecar/statistics/logistic-regression.ts";
import { adjustedRand } from "../../../sidecar/statistics/partition-agreement.ts";
import { principalCoordinates } from "../../../sidecar/statistics/principal-coordinates.ts";
import { probe } from "../../../sidecar/statistics/probe.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";
import { cosine } from "../../../sidecar/statistics/vectors.ts";
import { activationsOf, golden } from "./golden.ts";

interface Probes {
  x: number[][];
  y: number[];
  fits: { c: number; weights: number[]; intercept: number }[];
}

/** Rows around one centre per label along axes of their own. */
function labelled(labels: readonly number[], d: number, distance: number, seed: number) {
  const random = seeded(seed, "labelled");
  return activationsOf(
    labels.map((label) => Array.from({ length: d }, (_, j) => (j === label ? distance : 0) + random.normal())),
  );
}

describe("logistic regression and probes", () => {
  const { x, y, fits } = golden<Probes>("probes");

  it("gives scikit-learn's weights and intercept at every penalty", () => {
    for (const { c, weights, intercept } of fits) {
      const model = logisticRegression(
        new Matrix(x),
        y.map((label) => label === 1),
        c,
      );
      for (const [j, w] of weights.entries()) expect(model.weights[j]).toBeCloseTo(w, 5);
      expect(model.intercept).toBeCloseTo(intercept, 5);
    }
  });

  it("keeps distances and inner products in principal coordinates, with fewer rows than dimensions and with more", () => {
    for (const [n, d] of [
      [8, 30],
      [30, 8],
    ] as const) {
      const { coordinates, centred } = principalCoordinates(labelled(new Array<number>(n).fill(0), d, 1, n));
      const difference = Matrix.sub(coordinates.mmul(coordinates.transpose()), centred.mmul(centred.transpose()));
      expect(Math.max(...difference.to1DArray().map(Math.abs))).toBeLessThan(1e-8);
      expect(coordinates.columns).toBeLessThan(Math.max(n, d));
    }
  });

  it("keeps every group in one fold and both classes in each", () => {
    const group = Array.from({ length: 60 }, (_, i) => `group ${Math.floor(i / 3)}`);
    const positive = group.map((_, i) => Math.floor(i / 3) % 2 === 0);
    const fold = groupedFolds(group, positive, 5, seeded(1));
    for (let g = 0; g < 20; g++) expect(new Set(fold.slice(3 * g, 3 * g + 3)).size).toBe(1);
    for (let f = 0; f < 5; f++) expect(new Set(positive.filter((_, i) => fold[i] === f)).size).toBe(2);
    expect(() => groupedFolds(["a", "a", "b"], [true, false, true], 5, seeded(1))).toThrow(
      /at least 5 groups of prompts, found 2/,
    );
  });

  it("finds a direction that is there, scored on held-out groups, and nothing in noise", () => {
    const labels = Array.from({ length: 80 }, (_, i) => i % 2);
    const positive = labels.map((label) => label === 0);
    const found = probe(labelled(labels, 120, 5, 1), positive, { random: seeded(1) });
    expect(found.accuracy.low).toBeGreaterThan(0.8);
    expect(found.auc).toBeGreaterThan(0.95);
    expect(
      cosine(
        found.direction,
        Array.from({ length: 120 }, (_, j) => (j === 0 ? 1 : j === 1 ? -1 : 0)),
      ),
    ).toBeGreaterThan(0.5);
    const noise = Array.from({ length: 12 }, (_, seed) =>
      probe(labelled(labels, 30, 0, 20 + seed), positive, { random: seeded(seed) }),
    );
    const mean = noise.reduce((sum, { accuracy }) => sum + accuracy.estimate / noise.length, 0);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });

  it("finds nothing after LEACE erased the label, on the rows it was fitted to", () => {
    const labels = Array.from({ length: 120 }, (_, i) => i % 2);
    const data = labelled(labels, 16, 3, 3);
    const erased = erase(fitLeace(data, labels), data);
    const before = probe(
      data,
      labels.map((label) => label === 0),
      { random: seeded(1) },
    );
    const after = probe(
      erased,
      labels.map((label) => label === 0),
      { random: seeded(1) },
    );
    expect(before.accuracy.estimate).toBeGreaterThan(0.9);
    expect(after.accuracy.low).toBeLessThan(0.5);
    expect(() =>
      fitLeace(
        data,
        labels.map(() => 1),
      ),
    ).toThrow(/at least two classes/);
  });
});

describe("clusters", () => {
  it("finds the number of clusters and their members by stability", () => {
    const labels = Array.from({ length: 72 }, (_, i) => i % 3);
    const found = cluster(labelled(labels, 40, 7, 5), { random: seeded(1), largest: 5, resamples: 8 });
    expect(found.k).toBe(3);
    expect(adjustedRand(found.labels, labels)).toBeGreaterThan(0.95);
    expect(found.byK.map(({ k }) => k)).toEqual([2, 3, 4, 5]);
  });

  it("repeats with its seed, and refuses a handful of prompts", () => {
    const data = labelled(
      Array.from({ length: 40 }, (_, i) => i % 2),
      10,
      6,
      6,
    );
    const once = cluster(data, { random: seeded(4), largest: 3, resamples: 4 });
    expect(cluster(data, { random: seeded(4), largest: 3, resamples: 4 })).toEqual(once);
    expect(() => cluster(labelled([0, 1, 0, 1], 10, 6, 6), { random: seeded(4) })).toThrow(
      /at least 10 base prompts, found 4/,
    );
  });

  it("finds no clusters in one cloud in most samples", () => {
    const single = Array.from({ length: 10 }, (_, seed) =>
      cluster(labelled(new Array<number>(40).fill(0), 8, 0, 50 + seed), {
        random: seeded(seed),
        largest: 4,
        resamples: 8,
      }),
    );
    expect(single.filter(({ k }) => k === 1).length).toBeGreaterThanOrEqual(9);
  });
});
