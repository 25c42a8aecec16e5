import { integerVector } from "../read/constant-tensor.ts";
import { type AttributeValue, type GraphNode, makeNode } from "../read/graph-node.ts";
import type { Initializer } from "../read/initializer.ts";
import { makeValueInfo, type ValueInfo } from "../read/value-info.ts";

const REDUCTION_AXES_ARE_INPUTS = 18;
const SPLIT_COUNTS_OUTPUTS = 18;

/** What is changed of a graph: nodes put in the place of others or new, and inputs, outputs and constants of its own. */
export class GraphPatch {
  /** By the value that it produces. */
  readonly producers = new Map<string, GraphNode>();
  readonly initializers = new Map<string, Initializer>();
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly #opset: number;

  constructor(opset: number) {
    this.#opset = opset;
  }

  /** Takes a node in: a new one, or one that replaces the producers of its outputs. */
  put(node: GraphNode): void {
    for (const output of node.outputs) {
      if (output !== "") {
        this.producers.set(output, node);
      }
    }
  }

  /** Adds a node of one output and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, AttributeValue> = {},
    name = output,
  ): string {
    this.put(makeNode(opType, inputs, [output], attributes, name));
    return output;
  }

  input(name: string, elementType: number, dims: readonly (number | string)[]): string {
    this.inputs.push(makeValueInfo(name, elementType, dims));
    return name;
  }

  output(name: string, elementType: number, dims: readonly (number | string)[]): string {
    this.outputs.push(makeValueInfo(name, elementType, dims));
    return name;
  }

  /** Equal parts along an axis, one name each. */
  split(value: string, axis: number, count: number): string[] {
    if (count === 1) {
      return [value];
    }
    const parts = Array.from({ length: count }, (_, part) => `${value}/${part}`);
    const counted = this.#opset >= SPLIT_COUNTS_OUTPUTS ? { axis, num_outputs: count } : { axis };
    this.put(makeNode("Split", [value], parts, counted));
    return parts;
  }

  /** Length of each row: `[lanes, positions, dModel]` to `[lanes, positions, 1]`. */
  length(value: string, output: string): string {
    if (this.#opset < REDUCTION_AXES_ARE_INPUTS) {
      return this.node("ReduceL2", [value], output, { axes: [-1], keepdims: 1 });
    }
    const axes = "refract/last_axis";
    this.initializers.set(axes, integerVector(axes, [-1]));
    return this.node("ReduceL2", [value, axes], output, { keepdims: 1 });
  }
}
