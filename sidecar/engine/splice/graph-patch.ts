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
  readonly #fanOut: number;

  constructor(opset: number, fanOut = Number.POSITIVE_INFINITY) {
    this.#opset = opset;
    this.#fanOut = fanOut;
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

  /** Adds a node of several outputs. */
  many(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
  ): void {
    this.put(makeNode(opType, inputs, outputs, attributes));
  }

  input(name: string, elementType: number, dims: readonly (number | string)[]): string {
    this.inputs.push(makeValueInfo(name, elementType, dims));
    return name;
  }

  output(name: string, elementType: number, dims: readonly (number | string)[]): string {
    this.outputs.push(makeValueInfo(name, elementType, dims));
    return name;
  }

  /**
   * `count` equal parts along an axis, one name each.
   * @param part the name of a part's length (int64 `[1]`): where the count is over the fan-out, groups are split off first, of uneven size.
   */
  split(value: string, axis: number, count: number, part: string): string[] {
    if (count === 1) {
      return [value];
    }
    const groups = this.#groups(count);
    if (!(groups > 1)) {
      const parts = Array.from({ length: count }, (_, index) => `${value}/${index}`);
      const counted = this.#opset >= SPLIT_COUNTS_OUTPUTS ? { axis, num_outputs: count } : { axis };
      this.put(makeNode("Split", [value], parts, counted));
      return parts;
    }
    const counts = Array.from(
      { length: groups },
      (_, group) => Math.floor(((group + 1) * count) / groups) - Math.floor((group * count) / groups),
    );
    const each = `${value}/parts`;
    this.initializers.set(each, integerVector(each, counts));
    const lengths = this.node("Mul", [each, part], `${value}/lengths`);
    const names = counts.map((_, group) => `${value}/group_${group}`);
    this.put(makeNode("Split", [value, lengths], names, { axis }));
    return names.flatMap((name, group) => this.split(name, axis, counts[group] ?? 1, part));
  }

  /** Puts values together along an axis. */
  concat(values: readonly string[], axis: number, output: string): string {
    if (values.length <= this.#fanOut) {
      return this.node("Concat", values, output, { axis });
    }
    const groups = this.#groups(values.length);
    const size = Math.ceil(values.length / groups);
    const joined: string[] = [];
    for (let from = 0; from < values.length; from += size) {
      joined.push(this.concat(values.slice(from, from + size), axis, `${output}/group_${joined.length}`));
    }
    return this.node("Concat", joined, output, { axis });
  }

  /** In how many groups `count` things go, at most as many as the fan-out allows. */
  #groups(count: number): number {
    return Math.min(this.#fanOut, Math.ceil(count / this.#fanOut));
  }

  /** Length of each row: `[lanes, positions, dModel]` to `[lanes, positions, 1]`. */
  length(value: string, output: string): string {
    return this.#reduceLast("ReduceL2", value, output);
  }

  /** The largest of each row: `[lanes, positions, n]` to `[lanes, positions, 1]`. */
  largest(value: string, output: string): string {
    return this.#reduceLast("ReduceMax", value, output);
  }

  #reduceLast(opType: string, value: string, output: string): string {
    if (this.#opset < REDUCTION_AXES_ARE_INPUTS) {
      return this.node(opType, [value], output, { axes: [-1], keepdims: 1 });
    }
    const axes = "refract/last_axis";
    this.initializers.set(axes, integerVector(axes, [-1]));
    return this.node(opType, [value, axes], output, { keepdims: 1 });
  }
}
