import type { GraphNode } from "../read/graph-node.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import { baseOf, dataSlice, elementType, type GraphIndex, lastBeforeFork } from "./graph-index.ts";

/** A place where branches are added to a stream: a plain Add, or a norm that is fused with the addition before it. */
export interface Addition {
  /** `fused`: the node adds, keeps the sum as its output 3 where asked, and normalises it. */
  kind: "plain" | "fused";
  node: GraphNode;
  /** Name of the sum; of a fused node that has none, the name that it will get. */
  sum: string;
  /** The operand that every other operand is computed from. */
  stream: string;
  /** The other operands. */
  branches: string[];
}

const FUSED = new Set(["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]);
const SUM_OUTPUT = 3;
const FLOATS: ReadonlySet<number> = new Set([ELEMENT.float32, ELEMENT.float16, ELEMENT.bfloat16]);

export function fusedSum(node: GraphNode): string {
  return node.outputs[SUM_OUTPUT] || `${node.outputs[0]}/sum`;
}

/** Every addition of the graph in which one operand is what the others are computed from, in the graph's order. */
export function findAdditions(index: GraphIndex): Addition[] {
  const found: Addition[] = [];
  for (const node of index.sorted) {
    const fused = FUSED.has(node.opType);
    if (!fused && !isAddition(index, node)) {
      continue;
    }
    const operands = flattened(index, node);
    const stream = operands.find((operand) =>
      operands.every((other) => other === operand || feeds(index, operand, other)),
    );
    if (stream !== undefined) {
      found.push({
        kind: fused ? "fused" : "plain",
        node,
        sum: fused ? fusedSum(node) : (node.outputs[0] ?? ""),
        stream,
        branches: operands.filter((operand) => operand !== stream),
      });
    }
  }
  return found;
}

function isAddition(index: GraphIndex, node: GraphNode): boolean {
  return (
    node.opType === "Add" &&
    node.domain === "" &&
    node.inputs.every((input) => !index.constants.has(input)) &&
    FLOATS.has(elementType(index, node.inputs[0] ?? ""))
  );
}

/** The operands of an addition; sums that nothing else reads count by their own operands (`x + attention + mlp`). */
function flattened(index: GraphIndex, node: GraphNode): string[] {
  return node.inputs.slice(0, 2).flatMap((input) => {
    const inner = index.producers.get(baseOf(index, input));
    const alone = index.consumers.get(input)?.length === 1 && lastBeforeFork(index, baseOf(index, input)) === input;
    return inner && alone && isAddition(index, inner) ? flattened(index, inner) : [input];
  });
}

/** Whether `target` is computed from the numbers of `source`; a fused norm's outputs all stand for its sum. */
function feeds(index: GraphIndex, source: string, target: string): boolean {
  const producer = index.producers.get(baseOf(index, source));
  if (producer === undefined) {
    return false;
  }
  const earliest = index.order.get(producer) ?? 0;
  const before = (value: string) => (index.order.get(index.producers.get(value) ?? producer) ?? 0) <= earliest;
  const { stopped } = dataSlice(index, target, before);
  return [...stopped].some((value) => index.producers.get(value) === producer);
}
