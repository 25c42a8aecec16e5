import { integerScalar } from "../read/constant-tensor.ts";
import { type GraphNode, integerAttribute, rewired } from "../read/graph-node.ts";
import type { OnnxModel } from "../read/onnx-model.ts";
import { makeValueInfo } from "../read/value-info.ts";
import { constantInteger } from "./constant-integer.ts";

/** Inputs by which recent exports compute the last few positions' logits alone; 0 is every position. */
const COUNTS = new Set(["num_logits_to_keep", "logits_to_keep"]);

/** What may lie between the unembedding's input and the logits. */
const UNEMBEDDING = new Set(["MatMul", "MatMulNBits", "Gemm", "Add", "Mul", "Div", "Tanh", "Cast", "Identity"]);

/** Makes a graph compute the logits of all positions, where its maker has it compute the last few alone. */
export function withAllLogits(model: OnnxModel): OnnxModel {
  return withoutPruning(withEveryCount(model));
}

/** Fixes a graph's count of positions with logits to all of them. */
function withEveryCount(model: OnnxModel): OnnxModel {
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

/** Takes out what keeps the last position alone before the unembedding (`prune_lm_head` of onnxruntime-genai's builder). */
function withoutPruning(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  let node = producers.get("logits");
  while (node !== undefined && UNEMBEDDING.has(node.opType)) node = producers.get(node.inputs[0] ?? "");
  const gather = node?.opType === "Unsqueeze" ? producers.get(node.inputs[0] ?? "") : undefined;
  const logits = graph.outputs.find(({ name }) => name === "logits");
  if (node === undefined || gather?.opType !== "Gather" || logits === undefined) {
    return model;
  }
  const [all = "", position = ""] = gather.inputs;
  if (integerAttribute(gather, "axis") !== 1 || constantInteger(graph, producers, position) !== -1) {
    return model;
  }
  const [kept = ""] = node.outputs;
  const bypass = (reader: GraphNode): GraphNode =>
    reader.inputs.includes(kept)
      ? rewired(reader, { inputs: reader.inputs.map((input) => (input === kept ? all : input)) })
      : reader;
  const nodes = graph.nodes.filter((other) => other !== node && other !== gather).map(bypass);
  const vocabulary = logits.dims?.at(-1) ?? "vocabulary";
  const output = makeValueInfo("logits", logits.elementType, ["batch_size", "sequence_length", vocabulary]);
  const outputs = graph.outputs.map((other) => (other === logits ? output : other));
  return { ...model, graph: { ...graph, nodes, outputs } };
}
