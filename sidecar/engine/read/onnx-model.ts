import type { GraphNode } from "./graph-node.ts";
import type { Initializer } from "./initializer.ts";
import type { ValueInfo } from "./value-info.ts";
import type { WireField } from "./wire-field.ts";

/** A graph whose weights stay in their files. */
export interface OnnxGraph {
  nodes: readonly GraphNode[];
  initializers: ReadonlyMap<string, Initializer>;
  /** Without those that an initializer gives. */
  inputs: readonly ValueInfo[];
  outputs: readonly ValueInfo[];
  /** What the export says of inner values, by name. */
  values: ReadonlyMap<string, ValueInfo>;
  /** Every other field of the GraphProto. */
  rest: readonly WireField[];
}

/** An .onnx file as it was read. */
export interface OnnxModel {
  path: string;
  irVersion: number;
  producerName: string;
  producerVersion: string;
  /** Version by domain; ONNX's own operators are the empty domain. */
  opsets: ReadonlyMap<string, number>;
  graph: OnnxGraph;
  /** Every field of the ModelProto but the graph and the IR version. */
  rest: readonly WireField[];
  /** A folder above every file that holds weights, without symbolic links. */
  weightsFolder: string;
  /** Hash over the graph, the names and sizes of the weight files and samples of their bytes. */
  hash: string;
}
