import { integerAttribute } from "../read/graph-node.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { OnnxGraph } from "../read/onnx-model.ts";

const NAMES: Readonly<Record<number, string>> = {
  [ELEMENT.float32]: "float32",
  [ELEMENT.float16]: "float16",
  [ELEMENT.bfloat16]: "bfloat16",
  [ELEMENT.float64]: "float64",
  [ELEMENT.int8]: "int8",
  [ELEMENT.uint8]: "int8",
  21: "int4",
  22: "int4",
};

/** Precision of the weights: of block-wise quantised matrices where there are some, else of most of the numbers that are multiplied with. */
export function precisionOf(graph: OnnxGraph): string {
  const blockwise = graph.nodes.find((node) => node.opType === "MatMulNBits");
  if (blockwise) {
    return `int${integerAttribute(blockwise, "bits") ?? 4}`;
  }
  // The table of embeddings is looked up, and may be kept wide where the matrices are narrow.
  const tables = new Set(graph.nodes.filter(({ opType }) => opType === "Gather").map(({ inputs }) => inputs[0]));
  const counts = new Map<string, number>();
  for (const tensor of graph.initializers.values()) {
    const name = NAMES[tensor.dataType];
    if (name !== undefined) {
      const count = tables.has(tensor.name) ? 1 : tensor.dims.reduce((a, b) => a * b, 1);
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "unknown";
}
