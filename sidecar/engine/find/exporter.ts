import type { OnnxModel } from "../read/onnx-model.ts";

/** Which program wrote the graph: as the graph says, or by the operators and names that each leaves. */
export function exporterOf(model: OnnxModel): string {
  const { nodes } = model.graph;
  if (model.producerName === "pytorch") {
    const scoped = nodes.some(
      (node) => node.name.startsWith("/") || node.outputs.some((name) => name.startsWith("onnx::")),
    );
    return scoped ? "torchscript" : "torch-dynamo";
  }
  if (model.producerName === "") {
    return nodes.some((node) => node.opType === "GroupQueryAttention") ? "onnxruntime-genai" : "unknown";
  }
  return model.producerName;
}
