import type { OnnxGraph } from "../read/onnx-model.ts";

/** Operators that scale a whole tensor of activations by its own range. */
const BY_RANGE = new Set(["DynamicQuantizeLinear", "DynamicQuantizeMatMul"]);

/**
 * Whether the graph rounds activations by the range of their whole tensor (ONNX Runtime's dynamic quantisation): then a row's numbers depend
 * on every other row that runs with it, padding and other lanes included.
 */
export function quantisesTogether(graph: OnnxGraph): boolean {
  return graph.nodes.some(({ opType }) => BY_RANGE.has(opType));
}
