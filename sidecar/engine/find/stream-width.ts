import { refused } from "../../../shared/errors.ts";
import type { GraphIndex } from "./graph-index.ts";
import type { ResidualStream } from "./residual-stream.ts";

const NORMS = new Set([
  "SkipLayerNormalization",
  "SkipSimplifiedLayerNormalization",
  "SimplifiedLayerNormalization",
  "LayerNormalization",
  "RMSNormalization",
]);

/** Width of the residual stream: from what the export says of its values, a norm's weight, or the embedding. */
export function streamWidth(path: string, index: GraphIndex, stream: ResidualStream): number {
  const { graph } = index;
  for (const place of stream.places) {
    const dim = graph.values.get(place.value)?.dims?.at(-1);
    if (typeof dim === "number") {
      return dim;
    }
  }
  for (const place of stream.places) {
    for (const reader of [...(index.consumers.get(place.value) ?? []), ...(place.fused ? [place.fused] : [])]) {
      const gamma = reader.opType.startsWith("Skip") ? reader.inputs[2] : reader.inputs[1];
      const dims = NORMS.has(reader.opType) ? graph.initializers.get(gamma ?? "")?.dims : undefined;
      if (dims?.length === 1 && dims[0] !== undefined) {
        return dims[0];
      }
    }
  }
  for (const node of index.sorted) {
    const dims = graph.initializers.get(node.inputs[0] ?? "")?.dims;
    if (node.opType === "Gather" && node.inputs[1] === "input_ids" && dims?.length === 2 && dims[1] !== undefined) {
      return dims[1];
    }
  }
  throw refused(
    `${path}: the width of the residual stream cannot be told from its values, its norms or its embedding.`,
  );
}
