import { dependencies, type GraphNode, integerAttribute, tensorAttribute } from "../read/graph-node.ts";
import { ELEMENT, TENSOR } from "../read/onnx-fields.ts";
import type { OnnxGraph } from "../read/onnx-model.ts";
import { firstInteger, wireFields } from "../read/wire-field.ts";

/** A graph with the look-ups that finding and cutting need. */
export interface GraphIndex {
  graph: OnnxGraph;
  /** In an order in which every node comes after those it reads. */
  sorted: readonly GraphNode[];
  order: ReadonlyMap<GraphNode, number>;
  producers: ReadonlyMap<string, GraphNode>;
  consumers: ReadonlyMap<string, readonly GraphNode[]>;
  /** Values that depend on no input of the graph. */
  constants: ReadonlySet<string>;
}

/** Operators that hand a value on; Clip is in re-uploads for float16. */
const PASSING = new Set(["Cast", "Identity", "Clip", "Dropout"]);

export function indexGraph(graph: OnnxGraph): GraphIndex {
  const producers = new Map<string, GraphNode>();
  const consumers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      producers.set(output, node);
    }
    for (const input of dependencies(node)) {
      const found = consumers.get(input);
      if (found) {
        found.push(node);
      } else {
        consumers.set(input, [node]);
      }
    }
  }
  const sorted = topological(graph.nodes, producers);
  const constants = new Set<string>(graph.initializers.keys());
  for (const node of sorted) {
    if (dependencies(node).every((name) => constants.has(name)) && !node.opType.startsWith("Random")) {
      for (const output of node.outputs) {
        constants.add(output);
      }
    }
  }
  return {
    graph,
    sorted,
    order: new Map(sorted.map((node, position) => [node, position])),
    producers,
    consumers,
    constants,
  };
}

/** Sorts nodes so that each comes after those it reads, and otherwise as they stood. */
export function topological(nodes: readonly GraphNode[], producers: ReadonlyMap<string, GraphNode>): GraphNode[] {
  const sorted: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  for (const start of nodes) {
    const stack: { node: GraphNode; left: string[] }[] = [];
    const enter = (node: GraphNode) => {
      if (!seen.has(node)) {
        seen.add(node);
        stack.push({ node, left: dependencies(node).reverse() });
      }
    };
    enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const name = top.left.pop();
      if (name === undefined) {
        sorted.push(top.node);
        stack.pop();
        continue;
      }
      const producer = producers.get(name);
      if (producer) {
        enter(producer);
      }
    }
  }
  return sorted;
}

/** Looks back through operators that hand a value on. */
export function baseOf(index: GraphIndex, name: string): string {
  let value = name;
  for (let node = index.producers.get(value); node && PASSING.has(node.opType); node = index.producers.get(value)) {
    const input = node.inputs[0];
    if (input === undefined || index.constants.has(input)) {
      break;
    }
    value = input;
  }
  return value;
}

/** Follows a value forward through operators that hand it on, as long as nothing else reads it. */
export function lastBeforeFork(index: GraphIndex, name: string): string {
  let value = name;
  for (;;) {
    const readers = index.consumers.get(value) ?? [];
    const reader = readers[0];
    const output = reader?.outputs[0];
    if (readers.length !== 1 || reader?.inputs[0] !== value || !PASSING.has(reader.opType) || output === undefined) {
      return value;
    }
    value = output;
  }
}

/** Whether an operator gives its input's dimensions and not its numbers. */
export function readsShapeOnly(node: GraphNode): boolean {
  return node.opType === "Shape" || node.opType === "Size";
}

/**
 * The nodes that `name` is computed from by its numbers (not by its dimensions alone), down to the values where `stop` says so.
 * `inputs` are the graph's inputs that are reached.
 */
export function dataSlice(
  index: GraphIndex,
  name: string,
  stop: (value: string) => boolean,
): { nodes: Set<GraphNode>; inputs: Set<string>; stopped: Set<string> } {
  const nodes = new Set<GraphNode>();
  const inputs = new Set<string>();
  const stopped = new Set<string>();
  const stack = [name];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (stop(value)) {
      stopped.add(value);
      continue;
    }
    const node = index.producers.get(value);
    if (node === undefined) {
      inputs.add(value);
      continue;
    }
    if (nodes.has(node) || readsShapeOnly(node)) {
      continue;
    }
    nodes.add(node);
    stack.push(...dependencies(node).filter((input) => !index.constants.has(input)));
  }
  return { nodes, inputs, stopped };
}

/** TensorProto.DataType of a value: as the export says, else followed through the operators; 0 where it cannot be known. */
export function elementType(index: GraphIndex, name: string): number {
  const known =
    index.graph.values.get(name) ??
    index.graph.inputs.find((input) => input.name === name) ??
    index.graph.outputs.find((output) => output.name === name);
  if (known && known.elementType !== 0) {
    return known.elementType;
  }
  const initializer = index.graph.initializers.get(name);
  if (initializer) {
    return initializer.dataType;
  }
  const node = index.producers.get(name);
  if (node === undefined) {
    return 0;
  }
  switch (node.opType) {
    case "Cast":
      return integerAttribute(node, "to") ?? 0;
    case "Shape":
    case "Size":
      return ELEMENT.int64;
    case "Constant":
    case "ConstantOfShape": {
      const tensor = tensorAttribute(node, "value");
      return tensor ? (firstInteger(wireFields(tensor), TENSOR.dataType) ?? 0) : ELEMENT.float32;
    }
    case "DequantizeLinear":
    case "Where":
      return elementType(index, node.inputs[1] ?? "");
    case "GatherBlockQuantized":
      return elementType(index, node.inputs[2] ?? "");
    case "Greater":
    case "Less":
    case "Equal":
    case "GreaterOrEqual":
    case "LessOrEqual":
    case "And":
    case "Or":
    case "Not":
      return ELEMENT.bool;
    default:
      return elementType(index, node.inputs[0] ?? "");
  }
}
