import { kmeans } from "ml-kmeans";
import type { Activations } from "./activations.ts";
import { rowsByBase } from "./bases.ts";
import { adjustedRand } from "./partition-agreement.ts";
import { principalCoordinates } from "./principal-coordinates.ts";
import { type Random, shuffle } from "./random.ts";

/** Stability of a number of clusters under resampling, beside that of data without clusters. */
export interface Stability {
  k: number;
  /** Mean adjusted Rand index between clusterings of two overlapping resamples, on the prompts they share. */
  stability: number;
  /** The same on normal data with the same covariance, mean over reference samples. */
  null: number;
}

export interface Clustering {
  /** Chosen number of clusters; 1 where the most stable number of them is no tighter than data without clusters. */
  k: number;
  /** Cluster of each row, 0 to k - 1. */
  labels: number[];
  byK: Stability[];
  /** Of the most stable number: share of reference samples without clusters that are at least as tight, the data counted among them. */
  p: number;
}

interface ClusterOptions {
  random: Random;
  /** Largest number of clusters tried. */
  largest?: number;
  /** Pairs of resamples per number. */
  resamples?: number;
  /** Reference samples without clusters. */
  references?: number;
  /** Principal coordinates used: the rest is noise to k-means. */
  dimensions?: number;
}

/**
 * Clusters activations by k-means (k-means++ starts), with k by stability and not by eye (Ben-Hur, Elisseeff & Guyon 2002): pairs of
 * resamples of 80% of the base prompts are clustered and compared on the prompts they share. Raw stability favours few clusters, so each k
 * is compared with normal data of the same covariance, and the k that comes furthest from its null towards perfect stability is taken.
 * A long cloud is cut in two stably without being two, so that k also has to be tight: its squared error, as a share of the total, must lie
 * below that of 19 normal samples of the same covariance (the gap statistic's question, as a permutation test at 5%); else there is one cluster.
 * @param activations `[n, d]`, at least 10 base prompts.
 */
export function cluster(activations: Activations, options: ClusterOptions): Clustering {
  const { random, largest = 8, resamples = 20, references = 19, dimensions = 20 } = options;
  const groups = rowsByBase(activations.base);
  if (groups.length < 10) throw new RangeError(`Clustering needs at least 10 base prompts, found ${groups.length}.`);
  const { coordinates, singularValues } = principalCoordinates(activations);
  const used = Math.min(dimensions, coordinates.columns);
  const rows = coordinates.to2DArray().map((row) => row.slice(0, used));
  const deviations = singularValues.slice(0, used).map((s) => s / Math.sqrt(rows.length - 1));
  const top = Math.min(largest, Math.floor(groups.length / 4));
  const tried = Array.from({ length: top - 1 }, (_, i) => i + 2);
  const plain = Array.from({ length: references }, () => withoutClusters(rows.length, deviations, random));
  const byK = tried.map((k): Stability => {
    const few = plain.slice(0, 5);
    const total = few.reduce((sum, one) => sum + stability(one, groups, k, Math.ceil(resamples / 4), random), 0);
    return { k, stability: stability(rows, groups, k, resamples, random), null: total / few.length };
  });
  const best = byK
    .filter((one) => one.stability > one.null)
    .reduce<Stability | null>((held, one) => (held === null || gap(one) > gap(held) ? one : held), null);
  const single = { k: 1, labels: rows.map(() => 0), byK };
  if (best === null) return { ...single, p: 1 };
  const found = assign(rows, best.k, random, 10);
  const tightness = found.error / totalSquares(rows);
  const atLeast = plain.filter((one) => assign(one, best.k, random, 3).error / totalSquares(one) <= tightness).length;
  const p = (atLeast + 1) / (references + 1);
  return p <= 0.05 ? { k: best.k, labels: found.labels, byK, p } : { ...single, p };
}

/** Share of the way from the null to perfect stability, so that numbers of clusters with different nulls compare. */
const gap = (one: Stability): number => (one.stability - one.null) / Math.max(1e-9, 1 - one.null);

/** Normal rows whose columns have exactly the given deviations: what is left to differ from the data is shape. */
function withoutClusters(n: number, deviations: readonly number[], random: Random): number[][] {
  const columns = deviations.map((deviation) => {
    const raw = Array.from({ length: n }, () => random.normal());
    const mean = raw.reduce((sum, x) => sum + x / n, 0);
    const spread = Math.sqrt(raw.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
    return raw.map((x) => ((x - mean) / spread) * deviation);
  });
  return Array.from({ length: n }, (_, row) => columns.map((column) => column[row] as number));
}

function totalSquares(rows: readonly (readonly number[])[]): number {
  const means = (rows[0] ?? []).map((_, j) => rows.reduce((sum, row) => sum + (row[j] as number) / rows.length, 0));
  return rows.reduce((sum, row) => sum + row.reduce((part, x, j) => part + (x - (means[j] as number)) ** 2, 0), 0);
}

function stability(
  rows: readonly number[][],
  groups: readonly number[][],
  k: number,
  resamples: number,
  random: Random,
): number {
  let sum = 0;
  for (let r = 0; r < resamples; r++) {
    const halves = [0, 1].map(() => {
      const kept = shuffle([...groups], random)
        .slice(0, Math.ceil(0.8 * groups.length))
        .flat();
      const { labels } = assign(
        kept.map((row) => rows[row] as number[]),
        k,
        random,
        2,
      );
      return new Map(kept.map((row, i) => [row, labels[i] as number]));
    }) as [Map<number, number>, Map<number, number>];
    const shared = [...halves[0].keys()].filter((row) => halves[1].has(row));
    sum += adjustedRand(
      shared.map((row) => halves[0].get(row) as number),
      shared.map((row) => halves[1].get(row) as number),
    );
  }
  return sum / resamples;
}

/** k-means from several seeded starts; the one with the least squared error. */
function assign(
  rows: readonly number[][],
  k: number,
  random: Random,
  starts: number,
): { error: number; labels: number[] } {
  let best: { error: number; labels: number[] } = { error: Infinity, labels: [] };
  for (let start = 0; start < starts; start++) {
    const result = kmeans(rows as number[][], k, { initialization: "kmeans++", seed: random.below(2 ** 31) });
    // The library reports the mean squared distance of each cluster.
    const error = result.computeInformation(rows as number[][]).reduce((sum, one) => sum + one.error * one.size, 0);
    if (error < best.error) best = { error, labels: result.clusters };
  }
  return best;
}
