import { integerScalar } from "../read/constant-tensor.ts";
import type { OnnxModel } from "../read/onnx-model.ts";

/** Inputs by which recent exports compute the last few positions' logits alone; 0 is every position. */
const COUNTS = new Set(["num_logits_to_keep", "logits_to_keep"]);

/** Fixes a graph's count of positions with logits to all of them. */
export function withAllLogits(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const counts = graph.inputs.filter(({ name }) => COUNTS.has(name));
  if (counts.length === 0) {
    return model;
  }
  const initializers = new Map(graph.initializers);
  for (const { name, dims } of counts) {
    initializers.set(name, integerScalar(name, 0, dims?.length ?? 0));
  }
  return {
    ...model,
    graph: { ...graph, initializers, inputs: graph.inputs.filter((input) => !counts.includes(input)) },
  };
}
