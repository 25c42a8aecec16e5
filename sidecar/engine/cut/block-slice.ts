import { refused } from "../../../shared/errors.ts";
import { baseOf, type GraphIndex, readsShapeOnly, topological } from "../find/graph-index.ts";
import { dependencies, type GraphNode, rewired } from "../read/graph-node.ts";
import type { Initializer } from "../read/initializer.ts";
import type { OnnxGraph } from "../read/onnx-model.ts";
import type { ValueInfo } from "../read/value-info.ts";
import type { GraphPatch } from "../splice/graph-patch.ts";

/** What a slice may take from outside itself. */
export interface SliceBounds {
  path: string;
  /** Values of earlier blocks, which must not be read. */
  foreign: ReadonlySet<string>;
  /** Values whose dimensions alone are read, by what has the same dimensions inside the block. */
  sameShape: ReadonlyMap<string, string>;
}

/** The part of a patched graph that its outputs are computed from. */
export function sliceGraph(
  index: GraphIndex,
  patch: GraphPatch,
  outputs: readonly ValueInfo[],
  bounds: SliceBounds,
): OnnxGraph {
  const producers = new Map<string, GraphNode>();
  const initializers = new Map<string, Initializer>();
  const inputs = new Map<string, ValueInfo>();
  const values = new Map<string, ValueInfo>();
  const own = new Map(patch.inputs.map((input) => [input.name, input]));
  const seen = new Set<string>();
  const stack = outputs.map((output) => output.name);
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (seen.has(name)) {
      continue;
    }
    seen.add(name);
    const initializer = patch.initializers.get(name) ?? index.graph.initializers.get(name);
    const input = own.get(name) ?? index.graph.inputs.find((candidate) => candidate.name === name);
    const patched = patch.producers.get(name);
    if (patched === undefined && bounds.foreign.has(name)) {
      throw refused(
        `${bounds.path}: a later block needs "${name}" of an earlier one, so that the model cannot be cut into blocks.`,
      );
    }
    if (initializer) {
      initializers.set(name, initializer);
      continue;
    }
    if (input) {
      inputs.set(name, input);
      continue;
    }
    const node = patched ?? index.producers.get(name);
    if (node === undefined) {
      throw refused(`${bounds.path}: value "${name}" is read, but nothing produces it.`);
    }
    const inside = readsShapeOnly(node) ? withinBlock(index, node, bounds) : node;
    for (const output of inside.outputs) {
      const info = index.graph.values.get(output);
      if (output !== "") {
        producers.set(output, inside);
        seen.add(output);
      }
      if (info) {
        values.set(output, info);
      }
    }
    stack.push(...dependencies(inside));
  }
  for (const output of outputs) {
    values.delete(output.name);
  }
  return {
    nodes: topological([...new Set(producers.values())], producers),
    initializers,
    inputs: [...inputs.values()],
    outputs,
    values,
    rest: index.graph.rest,
  };
}

function withinBlock(index: GraphIndex, node: GraphNode, bounds: SliceBounds): GraphNode {
  const input = node.inputs[0] ?? "";
  const inside = bounds.sameShape.get(input) ?? bounds.sameShape.get(shapeBase(index, input));
  return inside === undefined ? node : rewired(node, { inputs: [inside] });
}

/** Looks back through operators that keep the dimensions; a Concat of one input is how an empty cache begins. */
function shapeBase(index: GraphIndex, name: string): string {
  const base = baseOf(index, name);
  const node = index.producers.get(base);
  const only = node?.opType === "Concat" && node.inputs.length === 1 ? node.inputs[0] : undefined;
  return only === undefined ? base : shapeBase(index, only);
}
