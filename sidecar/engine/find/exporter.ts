import type { OnnxModel } from "../read/onnx-model.ts";

/** Programs that say who they are, and that a user knows as exporters. */
const KNOWN = new Set(["onnxruntime-genai"]);

/**
 * Which program wrote the graph: as the graph says, or, where that is torch for both of its exporters or a tool that changed the graph later,
 * by the names that each gives its nodes.
 */
export function exporterOf(model: OnnxModel): string {
  const { nodes } = model.graph;
  if (KNOWN.has(model.producerName)) {
    return model.producerName;
  }
  if (nodes.some(({ opType, name }) => opType === "GroupQueryAttention" && name.startsWith("/model/layers."))) {
    return "onnxruntime-genai";
  }
  if (
    nodes.some(({ name, outputs }) => name.startsWith("/") || outputs.some((output) => output.startsWith("onnx::")))
  ) {
    return "torchscript";
  }
  if (model.producerName === "pytorch" || nodes.some(({ name }) => name.startsWith("node_"))) {
    return "torch-dynamo";
  }
  return model.producerName || "unknown";
}
