import { integerAttribute, rewired } from "../read/graph-node.ts";
import type { OnnxModel } from "../read/onnx-model.ts";

const WINDOWED = "sliding_window_cache";

/**
 * Gives layers that slide a cache of the whole sequence. Builds of 2026 keep only the window's keys (`sliding_window_cache` of
 * GroupQueryAttention), which refuses an empty past and which the WebGPU provider does not have. The window itself is another attribute and
 * stays, so attention sees the same keys.
 */
export function withFullCaches(model: OnnxModel): OnnxModel {
  const windowed = model.graph.nodes.some((node) => integerAttribute(node, WINDOWED) === 1);
  if (!windowed) return model;
  const nodes = model.graph.nodes.map((node) =>
    integerAttribute(node, WINDOWED) === 1 ? rewired(node, { drop: [WINDOWED] }) : node,
  );
  return { ...model, graph: { ...model.graph, nodes } };
}
