import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { GraphNode } from "../read/graph-node.ts";
import { type Addition, findAdditions } from "./addition.ts";
import type { CacheNames } from "./cache-names.ts";
import { baseOf, dataSlice, type GraphIndex, lastBeforeFork } from "./graph-index.ts";

/** Where the residual stream can be read and changed: one value of the graph, with the hook points that lie there, in stream order. */
export interface StreamPlace {
  /** The value. Of a fused addition it is the norm's output 3. */
  value: string;
  /** The fused node whose norm reads the sum inside; absent where the value is a plain one. */
  fused?: GraphNode;
  hooks: HookPoint[];
}

/** The residual stream from the embedding to the last norm. */
export interface ResidualStream {
  layers: number;
  /** `places[0]` is the embedding. */
  places: StreamPlace[];
  /** Index of the place where each layer begins, and, last, of the place where the last layer ends. */
  starts: number[];
}

const ATTENTION = new Set(["Softmax", "Attention", "MultiHeadAttention", "GroupQueryAttention"]);

/**
 * Finds the residual stream by structure: the longest chain of additions in which each adds branches to what the one before it left. A branch
 * that reads a layer's cache (or, without caches, has a softmax) is that layer's attention, and begins the layer; any other is an MLP.
 */
export function findResidualStream(path: string, index: GraphIndex, cache: readonly CacheNames[]): ResidualStream {
  const chain = longestChain(index, findAdditions(index));
  const first = chain[0];
  if (first === undefined) {
    throw refused(
      `${path}: no residual stream found: the graph has no chain of additions from an embedding to a last norm.`,
    );
  }
  const layerOf = new Map(
    cache.flatMap(
      (names) =>
        [
          [names.pastKey.name, names.layer],
          [names.pastValue.name, names.layer],
        ] as const,
    ),
  );
  const groups: Addition[][] = [];
  for (const addition of chain) {
    const attention = attentionLayer(index, addition, layerOf);
    if (attention !== null) {
      if (layerOf.size > 0 && attention !== groups.length) {
        throw refused(`${path}: the attention of layer ${groups.length} reads the cache of layer ${attention}.`);
      }
      groups.push([addition]);
      continue;
    }
    const current = groups.at(-1);
    if (current === undefined) {
      throw refused(
        `${path}: the residual stream begins with an addition that is no attention ("${addition.node.name}").`,
      );
    }
    current.push(addition);
  }
  if (layerOf.size > 0 && groups.length !== cache.length) {
    throw refused(
      `${path}: the residual stream has ${groups.length} layers, but the graph has ${cache.length} pairs of keys and values.`,
    );
  }
  refuseDetour(path, index, chain);
  return places(index, baseOf(index, first.stream), groups);
}

/** Some exports are wrong: their logits read an earlier norm, so that the last layers run for nothing. */
function refuseDetour(path: string, index: GraphIndex, chain: readonly Addition[]): void {
  const end = chain.at(-1)?.node;
  const { nodes, stopped } = dataSlice(index, "logits", (value) => index.producers.get(value) === end);
  const earlier = chain.find((addition) => nodes.has(addition.node));
  if (stopped.size === 0 || earlier !== undefined) {
    throw refused(
      `${path}: the output "logits" is not computed from the last layer alone${earlier ? `, but from "${earlier.node.name}"` : ""}: the export is wrong, or not a decoder that the engine knows.`,
    );
  }
}

function longestChain(index: GraphIndex, additions: readonly Addition[]): Addition[] {
  const bySum = new Map(additions.map((addition) => [addition.sum, addition]));
  const lengths = new Map<Addition, number>();
  const before = (addition: Addition) => bySum.get(baseOf(index, addition.stream));
  let last: Addition | undefined;
  for (const addition of additions) {
    const previous = before(addition);
    lengths.set(addition, 1 + (previous ? (lengths.get(previous) ?? 0) : 0));
    if (last === undefined || (lengths.get(addition) ?? 0) >= (lengths.get(last) ?? 0)) {
      last = addition;
    }
  }
  const chain: Addition[] = [];
  for (let addition = last; addition; addition = before(addition)) {
    chain.unshift(addition);
  }
  return chain;
}

function attentionLayer(index: GraphIndex, addition: Addition, layerOf: ReadonlyMap<string, number>): number | null {
  const stream = index.producers.get(baseOf(index, addition.stream));
  for (const branch of addition.branches) {
    const { inputs, nodes } = dataSlice(index, branch, (value) => index.producers.get(value) === stream);
    for (const input of inputs) {
      const layer = layerOf.get(input);
      if (layer !== undefined) {
        return layer;
      }
    }
    if (layerOf.size === 0 && [...nodes].some((node) => ATTENTION.has(node.opType))) {
      return -1;
    }
  }
  return null;
}

function places(index: GraphIndex, root: string, groups: readonly Addition[][]): ResidualStream {
  const found: StreamPlace[] = [{ value: lastBeforeFork(index, root), hooks: ["resid_pre.0"] }];
  const starts = [0];
  for (const [layer, group] of groups.entries()) {
    for (const [position, addition] of group.entries()) {
      const last = position === group.length - 1;
      const hooks: HookPoint[] = [];
      if (last) {
        hooks.push(`resid_post.${layer}`);
        if (layer + 1 < groups.length) {
          hooks.push(`resid_pre.${layer + 1}`);
        }
      } else if (position === 0) {
        hooks.push(`resid_mid.${layer}`);
      }
      found.push(
        addition.kind === "fused"
          ? { value: addition.sum, fused: addition.node, hooks }
          : { value: lastBeforeFork(index, addition.sum), hooks },
      );
    }
    starts.push(found.length - 1);
  }
  return { layers: groups.length, places: found, starts };
}
